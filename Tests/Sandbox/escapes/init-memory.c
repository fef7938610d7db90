// Tries: to open the memory of process 1 and of a process of the host.
// Source: proc(5), ptrace(2) on access checks
// Layers: init, user_namespace
// Control: none (process 1 of the host is the tester's own for root)
#include "escape.h"

int main(void) {
    char path[64];
    long targets[] = {1, bait_number("pid")};
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/proc/%ld/mem", targets[i]);
        TRY("mem for reading", open(path, O_RDONLY), EACCES, EPERM, ENOENT);
        TRY("mem for writing", open(path, O_RDWR), EACCES, EPERM, ENOENT);
    }
    all_held();
}
