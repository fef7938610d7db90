// Tries: to forge the report that tells of a command's end: the descriptor and the page that process 1 shares with the
// launcher.
// Source: proc(5), pidfd_getfd(2), mmap(2)
// Layers: init, closed_descriptors
// Control: none (there is no launcher outside)
#include "escape.h"

int main(void) {
    char path[64];
    for (int fd = 0; fd < 16; fd++) {
        snprintf(path, sizeof path, "/proc/1/fd/%d", fd);
        TRY(path, open(path, O_RDWR), EACCES, EPERM);
        notes[0] = 0;
    }
    TRY("map_files", open("/proc/1/map_files", O_RDONLY), EACCES, EPERM);
    TRY("mem", open("/proc/1/mem", O_RDWR), EACCES, EPERM);
    // A page that is shared with the launcher must not have come along into the command.
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps) inconclusive("maps: %s", strerror(errno));
    while (fgets(line, sizeof line, maps)) {
        char *mode = strchr(line, ' ');
        if (mode && mode[4] == 's') escaped("a shared page: %.60s", line);
    }
    note("no shared page");
    all_held();
}
