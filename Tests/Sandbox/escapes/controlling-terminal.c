// Tries: to find or take the caller's controlling terminal, and to stay in its session.
// Source: credentials(7), ioctl_tty(2) TIOCSCTTY; CVE-2016-2568 (pkexec)
// Layers: init
// Control: none (outside, the session is the tester's)
#include <sys/ioctl.h>

#include "escape.h"

int main(void) {
    TRY("/dev/tty", open("/dev/tty", O_RDWR), ENXIO, EACCES);
    for (int fd = 0; fd < 3; fd++) TRY("TIOCSCTTY", ioctl(fd, TIOCSCTTY, 1), ENOTTY, EPERM, EINVAL);
    if (getsid(0) <= 0 || getpgrp() <= 0) escaped("the session is one of outside");
    all_held();
}
