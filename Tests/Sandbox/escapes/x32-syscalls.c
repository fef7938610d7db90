// Tries: to pass a filter by the x32 numbers of system calls.
// Source: seccomp(2) on X32_SYSCALL_BIT; CVE-2014-0038
// Layers: seccomp
// Control: none (most kernels have no x32)
#include "escape.h"

int main(void) {
    const long x32 = 0x40000000;
    TRY("getpid", syscall(x32 | 39), ENOSYS);
    TRY("unshare", syscall(x32 | 272, 0x10000000), ENOSYS);
    TRY("mount", syscall(x32 | 165, "none", "/tmp", "tmpfs", 0, ""), ENOSYS);
    TRY("ptrace", syscall(x32 | 521, 0, 0, 0, 0), ENOSYS);
    TRY("io_uring_setup", syscall(x32 | 425, 1, NULL), ENOSYS);
    TRY("execve", syscall(x32 | 520, "/bin/true", NULL, NULL), ENOSYS);
    all_held();
}
