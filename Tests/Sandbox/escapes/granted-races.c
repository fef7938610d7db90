// Tries: to have a path of a granted directory exchanged under its own feet, so that a lookup leaves the directory.
// Source: rename(2) RENAME_EXCHANGE races: CVE-2017-1002101, CVE-2018-15664, CVE-2021-30465
// Layers: minimal_root
// Control: none (outside, there is nothing to leave)
#include "escape.h"

enum { ROUNDS = 4000 };

int main(void) {
    char text[64];
    if (chdir(bait("granted")) < 0) inconclusive("granted: %s", strerror(errno));
    char leaf[PATH_MAX];
    snprintf(leaf, sizeof leaf, "race-%d/a/b/c%s", getpid(), bait("secret"));
    snprintf(text, sizeof text, "race-%d", getpid());
    if (mkdir(text, 0755) < 0 || chdir(text) < 0) inconclusive("mkdir: %s", strerror(errno));
    if (mkdir("a", 0755) < 0 || mkdir("a/b", 0755) < 0 || mkdir("a/b/c", 0755) < 0 || mkdir("out", 0755) < 0) {
        inconclusive("mkdir: %s", strerror(errno));
    }
    pid_t mover = fork();
    if (mover == 0) {
        for (;;) {
            rename("a/b/c", "out/c");
            rename("out/c", "a/b/c");
        }
    }
    snprintf(leaf, sizeof leaf, "../../../../../../../..%s", bait("secret"));
    for (int i = 0; i < ROUNDS; i++) {
        int deep = open("a/b/c", O_PATH | O_DIRECTORY);
        int file = deep < 0 ? -1 : openat(deep, leaf, O_RDONLY);
        if (file >= 0) escaped("the secret was opened in round %d", i);
        if (deep >= 0) close(deep);
    }
    kill(mover, SIGKILL);
    waitpid(mover, NULL, 0);
    held("%d lookups during moves stayed inside", ROUNDS);
}
