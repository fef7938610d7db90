// Tries: to swap to a file of its own, by a path that leads nowhere.
// Source: swapon(2)
// Layers: seccomp
// Control: none (it is the machine's)
#include "escape.h"

int main(void) {
    TRY("swapon", syscall(SYS_swapon, "/nowhere/at/all", 0), EPERM);
    TRY("swapoff", syscall(SYS_swapoff, "/nowhere/at/all"), EPERM);
    all_held();
}
