// Tries: to leave the view by going up.
// Source: pivot_root(2), chroot(2); path_resolution(7)
// Layers: minimal_root
// Control: plain
#include "escape.h"

int main(void) {
    static const char *const starts[] = {"/", "/tmp", "/work", "/proc", "/dev", "/usr", "."};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        int start = open(starts[i], O_PATH | O_DIRECTORY);
        if (start < 0) {
            note("%s: %s", starts[i], strerrorname_np(errno));
            continue;
        }
        snprintf(path, sizeof path, "../../../../../../../..%s", bait("secret"));
        TRY(starts[i], openat(start, path, O_RDONLY), ENOENT);
        // A mount that was stacked on the root shows only by a name that is resolved from the root anew.
        snprintf(path, sizeof path, "/../../..%s", bait("secret"));
        TRY("from the root", open(path, O_RDONLY), ENOENT);
        close(start);
    }
    for (int i = 0; i < 64; i++) chdir("..");
    snprintf(path, sizeof path, ".%s", bait("secret"));
    TRY("step by step", open(path, O_RDONLY), ENOENT);
    all_held();
}
