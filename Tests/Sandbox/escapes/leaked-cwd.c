// Tries: to reach the host by a working directory or descriptor that was left open.
// Source: CVE-2024-21626 (runc): /proc/self/fd/7/../../..
// Layers: closed_descriptors, mount_namespace
// Control: none (outside, the working directory is the host's)
#include "escape.h"

int main(void) {
    char path[PATH_MAX], here[PATH_MAX];
    if (!getcwd(here, sizeof here)) escaped("the working directory is not below the root: %s", strerror(errno));
    if (!strncmp(here, "(unreachable)", 13)) escaped("the working directory is %s", here);
    for (int fd = 0; fd < 64; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d/../../../../../../..%s", fd, bait("secret"));
        int file = open(path, O_RDONLY);
        if (file >= 0) escaped("%s", path);
        snprintf(path, sizeof path, "/proc/self/fd/%d/", fd);
        if (open(path, O_PATH | O_DIRECTORY) >= 0) escaped("descriptor %d is a directory", fd);
    }
    held("the working directory is %s, no descriptor is a directory", here);
}
