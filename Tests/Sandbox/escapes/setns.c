// Tries: to enter namespaces of process 1, of a host process and by pidfd.
// Source: setns(2), pidfd_open(2)
// Layers: seccomp, capabilities
// Control: disposable
#include <sched.h>

#include "escape.h"

int main(void) {
    static const char *const kinds[] = {"mnt", "pid", "net", "ipc", "uts", "user", "cgroup"};
    char path[64];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
        int own = open(path, O_RDONLY);
        if (own < 0) inconclusive("%s: %s", path, strerror(errno));
        TRY(kinds[i], setns(own, 0), EPERM);
        close(own);
        snprintf(path, sizeof path, "/proc/1/ns/%s", kinds[i]);
        TRY(path, open(path, O_RDONLY), EACCES, EPERM);
    }
    int first = (int)syscall(SYS_pidfd_open, 1, 0);
    TRY("by pidfd", setns(first, CLONE_NEWNS | CLONE_NEWNET), EPERM);
    all_held();
}
