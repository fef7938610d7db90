// Tries: to trace or read every process that it can name.
// Source: ptrace(2), process_vm_readv(2)
// Layers: seccomp, pid_namespace, user_namespace
// Control: none (the neighbour is a sandbox)
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "escape.h"

int main(void) {
    char room[16];
    struct iovec here = {room, sizeof room}, there = {(void *)0x400000, sizeof room};
    for (pid_t pid = 1; pid < 200; pid++) {
        if (pid == getpid()) continue;
        TRY("seize", ptrace(PTRACE_SEIZE, pid, 0, 0), EPERM, ESRCH);
        TRY("read", process_vm_readv(pid, &here, 1, &there, 1, 0), EPERM, ESRCH);
        notes[0] = 0;
    }
    held("none of 199 numbers");
}
