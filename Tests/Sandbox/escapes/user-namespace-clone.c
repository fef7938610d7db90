// Tries: to become root of a user namespace of its own by clone, also with flags that a filter may overlook.
// Source: clone(2); found in nsjail, runc and crun: clone(CLONE_NEWUSER) passed
// Layers: seccomp, user_namespace
// Control: disposable
#include <sched.h>

#include "escape.h"

static long child(unsigned long flags) {
    long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) _exit(0);
    if (pid > 0) waitpid((pid_t)pid, NULL, 0);
    return pid;
}

int main(void) {
    TRY("clone", child(CLONE_NEWUSER), EPERM, ENOSPC);
    TRY("high bits", child(1UL << 40 | CLONE_NEWUSER), EPERM, ENOSPC, EINVAL);
    static const unsigned long others[] = {CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS,
                                           CLONE_NEWCGROUP};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) TRY("another", child(others[i]), EPERM);
    all_held();
}
