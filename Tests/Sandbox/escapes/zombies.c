// Tries: to fill the process table with the dead: orphans that nobody reaps.
// Source: wait(2); found wherever the command is process 1 itself
// Layers: init
// Control: none (the host has an init)
#include <dirent.h>

#include "escape.h"

enum { ORPHANS = 8, ROUNDS = 100 };

static int count_zombies(void) {
    DIR *directory = opendir("/proc");
    int found = 0;
    if (!directory) inconclusive("/proc: %s", strerror(errno));
    for (struct dirent *entry; (entry = readdir(directory));) {
        char path[300], text[512];
        snprintf(path, sizeof path, "/proc/%.200s/stat", entry->d_name);
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || !read_text(path, text, sizeof text)) continue;
        const char *state = strrchr(text, ')');
        if (state && state[2] == 'Z') found++;
    }
    closedir(directory);
    return found;
}

int main(void) {
    for (int i = 0; i < ORPHANS; i++) {
        pid_t child = fork();
        if (child < 0) inconclusive("fork: %s", strerror(errno));
        if (child == 0) {
            if (fork() == 0) _exit(0);
            _exit(0);
        }
        // Not by waitpid(-1): whoever is process 1 itself must not reap by accident.
        waitpid(child, NULL, 0);
    }
    int left = 0;
    for (int i = 0; i < ROUNDS && (left = count_zombies()); i++) usleep(10000);
    if (left) escaped("%d zombies are left", left);
    held("%d orphans have been reaped", ORPHANS);
}
