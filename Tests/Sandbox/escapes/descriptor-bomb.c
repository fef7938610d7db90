// Tries: to open more files than it may.
// Source: getrlimit(2) RLIMIT_NOFILE
// Layers: rlimits
// Control: plain
#include "escape.h"

int main(void) {
    long limit = bait_number("limit_files"), count = 0;
    while (count <= limit && open("/dev/null", O_RDONLY) >= 0) count++;
    if (count >= limit) escaped("%ld descriptors where %ld are allowed", count, limit);
    if (errno != EMFILE) inconclusive("after %ld: %s", count, strerror(errno));
    held("no more than %ld", count);
}
