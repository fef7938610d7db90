// Tries: to restart the machine, with a magic number that is none.
// Source: reboot(2); pid_namespaces(7): in a pid namespace it ends process 1
// Layers: seccomp
// Control: none (it is the machine's)
#include "escape.h"

int main(void) {
    TRY("reboot", syscall(SYS_reboot, 0, 0, 0, NULL), EPERM);
    TRY("vhangup", syscall(SYS_vhangup), EPERM);
    all_held();
}
