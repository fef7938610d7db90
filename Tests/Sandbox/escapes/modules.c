// Tries: to load and unload modules, with images and names that are none.
// Source: init_module(2), delete_module(2)
// Layers: seccomp
// Control: none (they are the machine's)
#include "escape.h"

int main(void) {
    TRY("init_module", syscall(SYS_init_module, NULL, 0, ""), EPERM);
    TRY("finit_module", syscall(SYS_finit_module, -1, "", 0), EPERM);
    TRY("delete_module", syscall(SYS_delete_module, "no_such_module_at_all", O_NONBLOCK), EPERM);
    all_held();
}
