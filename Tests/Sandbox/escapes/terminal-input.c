// Tries: to type into the caller's terminal, also with bits that a filter may overlook.
// Source: CVE-2017-5226 (bubblewrap), CVE-2019-10063 (flatpak: high bits), CVE-2023-28100's kin; ioctl_tty(2)
// Layers: seccomp
// Control: none (it needs the tester's terminal)
#include <sys/ioctl.h>

#include "escape.h"

int main(void) {
    const char *letter = "\n";
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY);
    int targets[] = {0, 1, 2, terminal};
    for (size_t i = 0; i < 4; i++) {
        if (targets[i] < 0) continue;
        TRY("TIOCSTI", syscall(SYS_ioctl, targets[i], (unsigned long)TIOCSTI, letter), EPERM);
        TRY("high bits", syscall(SYS_ioctl, targets[i], 1UL << 32 | TIOCSTI, letter), EPERM);
        TRY("more bits", syscall(SYS_ioctl, targets[i], 0xffffffffUL << 32 | TIOCSTI, letter), EPERM);
    }
    all_held();
}
