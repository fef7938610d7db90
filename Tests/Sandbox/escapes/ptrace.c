// Tries: to trace process 1, a process of the host, and its own child to get around the filter.
// Source: ptrace(2); seccomp(2) before 4.8 could be passed by a tracer
// Layers: seccomp
// Control: plain
#include <sys/ptrace.h>

#include "escape.h"

static void traced(void) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) == 0) _exit(1);
    _exit(errno == EPERM ? 0 : 2);
}

int main(void) {
    TRY("seize the host's", ptrace(PTRACE_SEIZE, (pid_t)bait_number("pid"), 0, 0), EPERM, ESRCH);
    TRY("seize 1", ptrace(PTRACE_SEIZE, 1, 0, 0), EPERM);
    TRY("attach 1", ptrace(PTRACE_ATTACH, 1, 0, 0), EPERM);
    int status = in_child(traced);
    if (status >> 8 == 1) escaped("a child let itself be traced");
    if (status) inconclusive("the child ended with %x", status);
    all_held();
}
