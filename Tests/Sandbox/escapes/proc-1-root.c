// Tries: to leave the view by the root and working directory of other processes.
// Source: proc(5); the classic of shared pid namespaces
// Layers: init, pid_namespace
// Control: none (process 1 of the host is the tester's own for root)
#include "escape.h"

int main(void) {
    char path[PATH_MAX];
    TRY("/proc/1/root", open("/proc/1/root/", O_RDONLY | O_DIRECTORY), EACCES, EPERM);
    TRY("/proc/1/root/..", open("/proc/1/root/../", O_RDONLY | O_DIRECTORY), EACCES, EPERM);
    TRY("/proc/1/cwd", chdir("/proc/1/cwd"), EACCES, EPERM);
    snprintf(path, sizeof path, "/proc/1/root%s", bait("secret"));
    TRY("secret by process 1", open(path, O_RDONLY), EACCES, EPERM);
    snprintf(path, sizeof path, "/proc/%s/root%s", bait("pid"), bait("secret"));
    TRY("secret by a host process", open(path, O_RDONLY), ENOENT, EACCES);
    // One's own root is the view.
    snprintf(path, sizeof path, "/proc/self/root/..%s", bait("secret"));
    TRY("secret by one's own root", open(path, O_RDONLY), ENOENT);
    all_held();
}
