// Tries: to make system calls that are newer than the filter.
// Source: seccomp(2); Docker's default profile before 2021
// Layers: seccomp
// Control: none (an older kernel has none of them)
#include "escape.h"

int main(void) {
    for (long number = 467; number < 600; number++) {
        long result = syscall(number, -1, -1, -1, -1, -1, -1);
        if (result != -1 || errno != ENOSYS) escaped("call %ld answered %ld, %s", number, result, strerror(errno));
    }
    TRY("a million", syscall(1000000), ENOSYS);
    TRY("negative", syscall(-2), ENOSYS);
    all_held();
}
