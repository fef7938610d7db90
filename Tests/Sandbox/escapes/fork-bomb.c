// Tries: to have more processes than it may. The outer limit is in the program: sixteen more.
// Source: cgroups(7) pids, getrlimit(2) RLIMIT_NPROC
// Layers: process_limit
// Control: plain
#include "escape.h"

int main(void) {
    long limit = bait_number("limit_processes"), count = 0;
    setpgid(0, 0);
    while (count < limit + 16) {
        pid_t child = fork();
        if (child < 0) break;
        if (child == 0) {
            pause();
            _exit(0);
        }
        count++;
    }
    int err = errno;
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    if (count > limit) escaped("%ld processes where %ld are allowed", count, limit);
    if (err != EAGAIN) inconclusive("after %ld: %s", count, strerror(err));
    held("no more than %ld", count);
}
