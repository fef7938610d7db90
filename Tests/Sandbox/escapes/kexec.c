// Tries: to load another kernel, with arguments that are refused by any.
// Source: kexec_load(2); kernel lockdown
// Layers: seccomp
// Control: none (it is the machine's)
#include "escape.h"

int main(void) {
    TRY("kexec_load", syscall(SYS_kexec_load, 0, 1000000, NULL, 0xffff), EPERM);
    TRY("kexec_file_load", syscall(320, -1, -1, 0, NULL, 0xffff), EPERM);
    all_held();
}
