// Shared by the two halves of the cgroup code: cgroup.c (slots) and cgroup_run.c (the run's directories).
#ifndef OSTLER_CGROUP_H
#define OSTLER_CGROUP_H

#include <limits.h>
#include <stdbool.h>

struct cgroup_names {
    const char *limit;
    const char *swap;
    const char *peak;
    const char *events;
    const char *usage;
    const char *none;
};

struct cgroup_run {
    char memory[PATH_MAX - 64];
    char pids[PATH_MAX - 64];
    char own[PATH_MAX - 192];// version 2: the launcher's own cgroup
    bool enabled;            // version 2: controllers were enabled in it
    bool moved;              // version 2: the launcher sits in a leaf of the run's directory
};

extern struct cgroup_run cgroup_run;

#endif
