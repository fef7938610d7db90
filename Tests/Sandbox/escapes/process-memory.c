// Tries: to read and write memory of process 1 and of a host process by process_vm_readv.
// Source: process_vm_readv(2)
// Layers: seccomp, pid_namespace, init
// Control: plain
#include <sys/uio.h>

#include "escape.h"

int main(void) {
    char room[64] = "";
    struct iovec here = {room, sizeof room}, there = {(void *)bait_number("address"), sizeof room};
    pid_t target = (pid_t)bait_number("pid");
    TRY("read the host's", process_vm_readv(target, &here, 1, &there, 1, 0), EPERM, ESRCH);
    TRY("read of 1", process_vm_readv(1, &here, 1, &there, 1, 0), EPERM);
    TRY("write of 1", process_vm_writev(1, &here, 1, &there, 1, 0), EPERM);
    TRY("madvise of 1", syscall(SYS_process_madvise, syscall(SYS_pidfd_open, 1, 0), &there, 1, 4, 0), EPERM, EINVAL, EACCES);
    all_held();
}
