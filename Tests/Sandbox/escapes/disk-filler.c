// Tries: to write more than it may into the writable places of the view. The outer limit is in the program.
// Source: tmpfs(5); CWE-770
// Layers: bounded_tmp
// Control: none (it would fill the host's)
#include "escape.h"

enum { CHUNK = 1 << 20 };

static void fill(const char *path, long limit) {
    static char chunk[CHUNK];
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0) inconclusive("%s: %s", path, strerror(errno));
    for (long done = 0; done <= limit; done += CHUNK) {
        if (write(file, chunk, CHUNK) == CHUNK) continue;
        unlink(path);
        note("%s: %s", path, strerrorname_np(errno));
        return;
    }
    escaped("%s holds more than %ld bytes", path, limit);
}

int main(void) {
    long limit = bait_number("limit_tmp");
    fill("/tmp/fill", limit);
    fill(WORK "/fill", limit);
    fill("/dev/shm/fill", limit);
    TRY("/dev", open("/dev/fill", O_WRONLY | O_CREAT, 0600), EROFS, EACCES);
    all_held();
}
