// Tries: to switch the process into modes that undo protections of memory or change file systems.
// Source: personality(2); Docker's default profile; CVE-2009-1895
// Layers: seccomp
// Control: plain
#include <sys/personality.h>

#include "escape.h"

int main(void) {
    TRY("READ_IMPLIES_EXEC", personality(READ_IMPLIES_EXEC), EPERM);
    TRY("ADDR_COMPAT_LAYOUT", personality(ADDR_COMPAT_LAYOUT), EPERM);
    TRY("MMAP_PAGE_ZERO", personality(MMAP_PAGE_ZERO), EPERM);
    TRY("SVR4", personality(PER_SVR4), EPERM);
    all_held();
}
