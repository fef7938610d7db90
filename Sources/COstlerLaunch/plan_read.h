// Reading the bytes of a plan.
#ifndef OSTLER_PLAN_READ_H
#define OSTLER_PLAN_READ_H

#include <string.h>

#include "launcher.h"

struct cursor {
    const char *at;
    size_t left;
};

static inline const void *take(struct cursor *cursor, size_t size) {
    if (cursor->left < size) return NULL;
    const void *found = cursor->at;
    cursor->at += size;
    cursor->left -= size;
    return found;
}

static inline const char *take_string(struct cursor *cursor) {
    size_t length = strnlen(cursor->at, cursor->left);
    return length == cursor->left ? NULL : take(cursor, length + 1);
}

bool is_view_path(const char *path);
struct plan_step *plan_add_step(struct plan *plan, const struct ostler_step *head, bool per_sandbox);
bool parse_program_step(struct plan *plan, const struct ostler_step *head, struct cursor *body);

#endif
