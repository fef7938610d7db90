// Tries: to find a descriptor that nobody granted.
// Source: found in bubblewrap: descriptor 20 of the caller stayed open; CVE-2024-21626
// Layers: closed_descriptors
// Control: none (outside, descriptors are the tester's)
#include "escape.h"

int main(void) {
    int open_count = 0;
    for (int fd = 0; fd < 1024; fd++) {
        char path[32], target[PATH_MAX] = "";
        struct stat status;
        if (fstat(fd, &status) < 0) continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, target, sizeof target - 1) < 0) target[0] = 0;
        open_count++;
        bool stream = fd < 3 && (S_ISFIFO(status.st_mode) || !strcmp(target, "/dev/null"));
        bool channel = fd == 3 && is_plugin() && S_ISSOCK(status.st_mode);
        if (!stream && !channel) escaped("descriptor %d is open: %s", fd, target);
    }
    if (open_count < 3) inconclusive("only %d descriptors are open", open_count);
    held("%d descriptors, all granted", open_count);
}
