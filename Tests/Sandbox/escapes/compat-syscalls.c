// Tries: to make 32-bit system calls, which have other numbers than the filter's.
// Source: seccomp(2) on the check of arch; found working in Docker, podman and firejail
// Layers: seccomp
// Control: plain
#include "escape.h"

static void old_getpid(void) {
#ifdef __x86_64__
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "cc", "r8", "r9", "r10", "r11");
    _exit(result > 0 ? 1 : 2);
#else
    _exit(3);
#endif
}

int main(void) {
    int status = in_child(old_getpid);
    if (WIFSIGNALED(status)) {
        if (WTERMSIG(status) == SIGSYS) held("killed by SIGSYS");
        held("the machine knows no such calls: signal %d", WTERMSIG(status));
    }
    if (WEXITSTATUS(status) == 1) escaped("a 32-bit call was carried out");
    held("the call answered an error");
}
