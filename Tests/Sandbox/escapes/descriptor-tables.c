// Tries: to reach ports and segment tables of the processor.
// Source: iopl(2), ioperm(2), modify_ldt(2); CVE-2015-5157
// Layers: seccomp
// Control: none (the tester is root)
#include "escape.h"

int main(void) {
#ifdef __x86_64__
    TRY("iopl", syscall(SYS_iopl, 3), EPERM);
    TRY("ioperm", syscall(SYS_ioperm, 0x80, 1, 1), EPERM);
    TRY("modify_ldt", syscall(SYS_modify_ldt, 0, NULL, 0), EPERM);
    all_held();
#else
    held("this processor has none of it");
#endif
}
