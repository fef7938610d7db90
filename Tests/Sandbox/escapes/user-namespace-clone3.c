// Tries: to become root of a user namespace of its own by clone3, whose flags a filter cannot read.
// Source: clone3 in clone(2); moby issue 42680 on the right answer of a filter
// Layers: seccomp, user_namespace
// Control: disposable
#include <linux/sched.h>

#include "escape.h"

static long child(uint64_t flags) {
    struct clone_args arguments = {.flags = flags, .exit_signal = SIGCHLD};
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) _exit(0);
    if (pid > 0) waitpid((pid_t)pid, NULL, 0);
    return pid;
}

int main(void) {
    TRY("user", child(CLONE_NEWUSER), ENOSYS);
    TRY("time", child(CLONE_NEWTIME), ENOSYS);
    TRY("into a cgroup", child(CLONE_INTO_CGROUP), ENOSYS);
    // Programs must still be able to start others.
    if (in_child((void (*)(void))getpid)) inconclusive("fork does not work");
    all_held();
}
