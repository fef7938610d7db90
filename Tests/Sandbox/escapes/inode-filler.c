// Tries: to make more files than it may, which costs kernel memory and no space. The outer limit is in the program.
// Source: tmpfs(5) nr_inodes
// Layers: bounded_tmp
// Control: none (it would fill the host's)
#include "escape.h"

int main(void) {
    char path[64];
    long limit = bait_number("limit_tmp") / 4096 + 1024;
    for (long i = 0; i <= limit; i++) {
        snprintf(path, sizeof path, "/tmp/%ld", i);
        int file = open(path, O_WRONLY | O_CREAT, 0600);
        if (file < 0) {
            if (errno == ENOSPC || errno == ENOMEM) held("%ld files, then %s", i, strerrorname_np(errno));
            inconclusive("after %ld: %s", i, strerror(errno));
        }
        close(file);
    }
    escaped("more than %ld files", limit);
}
