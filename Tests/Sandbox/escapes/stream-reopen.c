// Tries: to get more out of a standard stream than was granted, by opening it again.
// Source: proc(5) on /proc/PID/fd; CVE-2024-21626's relatives
// Layers: closed_descriptors
// Control: none (outside, streams are the tester's)
#include "escape.h"

int main(void) {
    for (int fd = 0; fd < 3; fd++) {
        char path[32], target[PATH_MAX] = "";
        struct stat status;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (fstat(fd, &status) < 0) inconclusive("stream %d: %s", fd, strerror(errno));
        ssize_t length = readlink(path, target, sizeof target - 1);
        if (length < 0) inconclusive("%s: %s", path, strerror(errno));
        if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) escaped("stream %d is a file of the host: %s", fd, target);
        if (S_ISBLK(status.st_mode)) escaped("stream %d is a block device", fd);
        if (isatty(fd)) escaped("stream %d is a terminal of the caller", fd);
        // What can be done to a pipe by its path ends at the pipe.
        if (fd == 0 && S_ISFIFO(status.st_mode)) TRY("truncate", truncate(path, 0), EINVAL, EACCES, EPERM);
        note("stream %d is %s", fd, target);
    }
    all_held();
}
