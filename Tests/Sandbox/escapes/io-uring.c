// Tries: to have the kernel do calls past the filter.
// Source: io_uring_setup(2); Google's report of 2023 on 60 % of its kernel bounties; Docker's default profile
// Layers: seccomp
// Control: plain
#include <linux/io_uring.h>

#include "escape.h"

int main(void) {
    struct io_uring_params parameters = {.flags = 0};
    TRY("setup", syscall(SYS_io_uring_setup, 1, &parameters), ENOSYS, EPERM);
    TRY("enter", syscall(SYS_io_uring_enter, 0, 0, 0, 0, NULL, 0), ENOSYS, EPERM);
    TRY("register", syscall(SYS_io_uring_register, 0, 0, NULL, 0), ENOSYS, EPERM);
    all_held();
}
