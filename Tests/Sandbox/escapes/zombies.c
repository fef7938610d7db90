// Tries: to fill the process table with the dead: orphans that nobody reaps.
// Source: wait(2); found wherever the command is process 1 itself
// Layers: init
// Control: none (the host has an init)
#include "escape.h"

enum { ORPHANS = 8, ROUNDS = 500 };

static pid_t orphans[ORPHANS];

/// Those that are dead by now and still have their numbers. Only its own: all that the machine runs may be seen.
static int count_zombies(void) {
    int found = 0;
    for (int i = 0; i < ORPHANS; i++) found += kill(orphans[i], 0) == 0 || errno != ESRCH;
    return found;
}

int main(void) {
    int ends[2];
    if (pipe(ends) < 0) inconclusive("pipe: %s", strerror(errno));
    for (int i = 0; i < ORPHANS; i++) {
        pid_t child = fork();
        if (child < 0) inconclusive("fork: %s", strerror(errno));
        if (child == 0) {
            pid_t orphan = fork();
            if (orphan == 0) _exit(0);
            _exit(write(ends[1], &orphan, sizeof orphan) != sizeof orphan);
        }
        // Not by waitpid(-1): whoever is process 1 itself must not reap by accident.
        waitpid(child, NULL, 0);
        if (read(ends[0], &orphans[i], sizeof *orphans) != sizeof *orphans || orphans[i] < 0) {
            inconclusive("there is no orphan");
        }
    }
    int left = 0;
    for (int i = 0; i < ROUNDS && (left = count_zombies()); i++) usleep(10000);
    if (left) escaped("%d zombies are left", left);
    held("%d orphans have been reaped", ORPHANS);
}
