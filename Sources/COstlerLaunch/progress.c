#include "launcher.h"

/// Runs in children too, so it formats by hand. A second failure does not hide the first.
void progress_fail(struct progress *progress, int stage, int err, int layer, const char *what, const char *which) {
    if (progress->state == PROGRESS_FAILED) return;
    progress->stage = stage;
    progress->err = err;
    progress->layer = layer;
    const char *parts[] = {what ? what : "", which ? " " : "", which ? which : ""};
    size_t used = 0;
    for (unsigned part = 0; part < 3; part++) {
        for (const char *at = parts[part]; *at && used < sizeof progress->detail - 1; at++) {
            progress->detail[used++] = *at;
        }
    }
    progress->detail[used] = 0;
    progress->state = PROGRESS_FAILED;
}
