// Tries: to stop the kernel in the midst of a copy, the tool of many races.
// Source: userfaultfd(2); Jann Horn on CVE-2016-4557; also with USER_MODE_ONLY and by its device
// Layers: seccomp, minimal_dev
// Control: plain
#include <linux/userfaultfd.h>

#include "escape.h"

int main(void) {
    TRY("any mode", syscall(SYS_userfaultfd, O_CLOEXEC), EPERM);
    TRY("user mode", syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY), EPERM);
    TRY("device", open("/dev/userfaultfd", O_RDWR), ENOENT);
    all_held();
}
