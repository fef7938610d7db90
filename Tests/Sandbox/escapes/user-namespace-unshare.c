// Tries: to become root of a user namespace of its own by unshare.
// Source: user_namespaces(7); most local exploits of the kernel since 2013 begin so
// Layers: seccomp, user_namespace
// Control: disposable
#include <sched.h>

#include "escape.h"

int main(void) {
    TRY("unshare", unshare(CLONE_NEWUSER), EPERM, ENOSPC);
    TRY("with others", unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET), EPERM, ENOSPC);
    TRY("high bits", syscall(SYS_unshare, (1UL << 32) | CLONE_NEWUSER), EPERM, ENOSPC, EINVAL);
    all_held();
}
