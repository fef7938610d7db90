// Tries: to make any other namespace.
// Source: unshare(2), time_namespaces(7)
// Layers: seccomp, capabilities
// Control: disposable
#include <linux/sched.h>

#include "escape.h"

int main(void) {
    static const struct {
        const char *name;
        unsigned long flag;
    } kinds[] = {{"mnt", CLONE_NEWNS}, {"pid", CLONE_NEWPID},       {"net", CLONE_NEWNET},  {"ipc", CLONE_NEWIPC},
                 {"uts", CLONE_NEWUTS}, {"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        TRY(kinds[i].name, syscall(SYS_unshare, kinds[i].flag), EPERM);
    }
    all_held();
}
