// Tries: to watch or handle file accesses of the whole machine.
// Source: fanotify_init(2), lookup_dcookie(2), quotactl(2), acct(2)
// Layers: seccomp
// Control: none (the tester is root)
#include "escape.h"

int main(void) {
    TRY("fanotify_init", syscall(SYS_fanotify_init, 0, 0), EPERM);
    TRY("lookup_dcookie", syscall(SYS_lookup_dcookie, 0, NULL, 0), EPERM);
    TRY("quotactl", syscall(SYS_quotactl, -1, NULL, 0, NULL), EPERM);
    TRY("quotactl_fd", syscall(443, -1, 0, 0, NULL), EPERM);
    TRY("acct", syscall(SYS_acct, "/nowhere/at/all"), EPERM);
    all_held();
}
