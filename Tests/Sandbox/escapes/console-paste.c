// Tries: to paste into a virtual console.
// Source: CVE-2023-28100 (flatpak), CVE-2023-1523 (snap): TIOCLINUX
// Layers: seccomp
// Control: none (it needs the tester's console)
#include <sys/ioctl.h>

#include "escape.h"

int main(void) {
    for (int fd = 0; fd < 3; fd++) {
        char paste[2] = {3, 0};
        TRY("TIOCLINUX", syscall(SYS_ioctl, fd, (unsigned long)TIOCLINUX, paste), EPERM);
        TRY("high bits", syscall(SYS_ioctl, fd, 1UL << 33 | TIOCLINUX, paste), EPERM);
    }
    all_held();
}
