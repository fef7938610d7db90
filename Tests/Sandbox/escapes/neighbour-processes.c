// Tries: to use up what is counted for each user, so that a sandbox beside it cannot fork any more.
// Source: setrlimit(2) RLIMIT_NPROC: counted for each user of a user namespace
// Layers: user_namespace, process_limit
// Control: none (the neighbour is a sandbox)
#include "escape.h"

int main(void) {
    long limit = bait_number("limit_processes"), count = 0;
    setpgid(0, 0);
    while (count < limit + 8) {
        pid_t child = fork();
        if (child < 0) break;
        if (child == 0) {
            pause();
            _exit(0);
        }
        count++;
    }
    // Long enough for the neighbour, who forks all the time and says whether it could.
    usleep(200000);
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    held("%ld processes stood for a while", count);
}
