// Tries: to learn of kernel objects and memory of others.
// Source: kcmp(2), move_pages(2), migrate_pages(2); Docker's default profile
// Layers: seccomp
// Control: plain
#include "escape.h"

int main(void) {
    TRY("kcmp", syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0), EPERM);
    TRY("move_pages", syscall(SYS_move_pages, 1, 0, NULL, NULL, NULL, 0), EPERM);
    TRY("migrate_pages", syscall(SYS_migrate_pages, 1, 0, NULL, NULL), EPERM);
    TRY("get_robust_list", syscall(SYS_get_robust_list, 1, NULL, NULL), EPERM, EFAULT);
    all_held();
}
