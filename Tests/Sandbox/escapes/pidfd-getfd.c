// Tries: to take descriptors out of process 1 and of host processes.
// Source: pidfd_getfd(2); the launcher's control socket would be worth it
// Layers: seccomp, init
// Control: plain
#include "escape.h"

int main(void) {
    int host = (int)syscall(SYS_pidfd_open, bait_number("pid"), 0);
    if (host >= 0) escaped("pidfd_open of a host process%s",
                           syscall(SYS_pidfd_getfd, host, bait_number("fd"), 0) >= 0 ? ", and its secret" : "");
    int first = (int)syscall(SYS_pidfd_open, 1, 0);
    if (first < 0) inconclusive("pidfd_open: %s", strerror(errno));
    for (int fd = 0; fd < 16; fd++) TRY("getfd", syscall(SYS_pidfd_getfd, first, fd, 0), EPERM, EBADF);
    all_held();
}
