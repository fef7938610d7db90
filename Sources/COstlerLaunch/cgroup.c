// Limits by cgroup: a directory for the run below the launcher's own, in it one for each slot, kept and used again.
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "launcher.h"

static const struct cgroup_names names[] = {
    [OSTLER_CGROUP_V1] = {"memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max_usage_in_bytes",
                          "memory.oom_control", "memory.usage_in_bytes", "-1"},
    [OSTLER_CGROUP_V2] = {"memory.max", "memory.swap.max", "memory.peak", "memory.events", "memory.current", "max"},
};

enum { SETTLE_ABOVE = 16 << 20 };

// A process that writes itself into `tasks` of version 1 moves without the global lock of thread groups, whose first
// taker waits for an RCU grace period, up to 20 ms (kernel/cgroup: cgroup_procs_write_start). Process 1 has one thread.
static const char *const join_file[] = {[OSTLER_CGROUP_V1] = "tasks", [OSTLER_CGROUP_V2] = "cgroup.procs"};

static int open_in(const char *directory, unsigned index, const char *file, int flags) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/s%u/%s", directory, index, file);
    return open(path, flags | O_CLOEXEC);
}

static void open_memory(struct cgroup_slot *group, unsigned index) {
    const struct cgroup_names *name = &names[launcher.memory_mode];
    const char *directory = cgroup_run.memory;
    group->memory_join = open_in(directory, index, join_file[launcher.memory_mode], O_WRONLY);
    group->memory_limit = open_in(directory, index, name->limit, O_WRONLY);
    group->memory_swap = open_in(directory, index, name->swap, O_WRONLY);
    group->memory_peak = open_in(directory, index, name->peak, O_RDWR);
    group->memory_events = open_in(directory, index, name->events, O_RDONLY);
    group->memory_usage = open_in(directory, index, name->usage, O_RDONLY);
}

void cgroup_open(struct cgroup_slot *group, unsigned index) {
    *group = (struct cgroup_slot){-1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0};
    char path[PATH_MAX];
    if (launcher.memory_mode) {
        snprintf(path, sizeof path, "%s/s%u", cgroup_run.memory, index);
        if (mkdir(path, 0755) == 0 || errno == EEXIST) open_memory(group, index);
    }
    if (launcher.pids_mode) {
        snprintf(path, sizeof path, "%s/s%u", cgroup_run.pids, index);
        if (mkdir(path, 0755) == 0 || errno == EEXIST) {
            // In version 2 one directory holds both controllers, and joining it once is enough.
            bool joined = launcher.memory_mode == OSTLER_CGROUP_V2 && launcher.pids_mode == OSTLER_CGROUP_V2 &&
                          group->memory_join >= 0;
            if (!joined) group->pids_join = open_in(cgroup_run.pids, index, join_file[launcher.pids_mode], O_WRONLY);
            group->pids_limit = open_in(cgroup_run.pids, index, "pids.max", O_WRONLY);
            group->pids_events = open_in(cgroup_run.pids, index, "pids.events", O_RDONLY);
        }
    }
}

static bool write_number(int fd, uint64_t value, const char *none) {
    char text[32];
    int length = value ? snprintf(text, sizeof text, "%llu", (unsigned long long)value)
                       : snprintf(text, sizeof text, "%s", none);
    return pwrite(fd, text, (size_t)length, 0) == length;
}

static bool set_memory(struct cgroup_slot *group, uint64_t bytes) {
    if (group->memory_limit < 0) return false;
    if (group->memory_set == bytes) return true;
    const char *none = names[launcher.memory_mode].none;
    // Version 2 counts swap apart: none at all. Version 1 counts the sum, which may never be below the memory.
    bool v2 = launcher.memory_mode == OSTLER_CGROUP_V2;
    bool raise = !bytes || (group->memory_set && bytes > group->memory_set);
    if (v2 && group->memory_swap >= 0 && pwrite(group->memory_swap, "0", 1, 0) < 0) return false;
    if (!v2 && raise && group->memory_swap >= 0 && !write_number(group->memory_swap, bytes, none)) return false;
    if (!write_number(group->memory_limit, bytes, none)) return false;
    if (!v2 && !raise && group->memory_swap >= 0 && !write_number(group->memory_swap, bytes, none)) return false;
    group->memory_set = bytes;
    return true;
}

static bool set_pids(struct cgroup_slot *group, uint64_t count) {
    if (group->pids_limit < 0) return false;
    if (group->pids_set == count) return true;
    // The init is one more than the command may have.
    if (!write_number(group->pids_limit, count ? count + 1 : 0, "max")) return false;
    group->pids_set = count;
    return true;
}

uint32_t cgroup_prepare(struct cgroup_slot *group, const struct ostler_limits *limits) {
    uint32_t layers = 0;
    if (set_memory(group, limits->memory_bytes) && limits->memory_bytes) layers |= LAYER(MEMORY);
    if (set_pids(group, limits->processes) && limits->processes) layers |= LAYER(PIDS);
    if (group->memory_peak >= 0 && pwrite(group->memory_peak, "0", 1, 0) < 0) {
        // Version 2 before Linux 6.12 cannot reset it: a peak of an earlier sandbox would be told as this one's.
        close(group->memory_peak);
        group->memory_peak = -1;
    }
    return layers;
}

/// The number behind `key` in text of "key number" lines.
static uint64_t read_key(int fd, const char *key) {
    char text[512];
    ssize_t got = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
    if (got <= 0) return 0;
    text[got] = 0;
    size_t length = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == ' ') return strtoull(line + length, NULL, 10);
    }
    return 0;
}

static uint64_t read_number(int fd) {
    char text[32];
    ssize_t got = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
    if (got <= 0) return 0;
    text[got] = 0;
    return strtoull(text, NULL, 10);
}

void cgroup_read(struct cgroup_slot *group, struct cgroup_figures *figures) {
    uint64_t kills = read_key(group->memory_events, "oom_kill");
    uint64_t denied = read_key(group->pids_events, "max");
    figures->peak_bytes = read_number(group->memory_peak);
    figures->oom_kills = (uint32_t)(kills - group->oom_seen);
    figures->pids_denied = (uint32_t)(denied - group->denied_seen);
    group->oom_seen = kills;
    group->denied_seen = denied;
}

/// Files that a sandbox read stay charged to its group and would count for the next one.
void cgroup_settle(struct cgroup_slot *group) {
    if (launcher.memory_mode != OSTLER_CGROUP_V1 || read_number(group->memory_usage) < SETTLE_ABOVE) return;
    unsigned index = (unsigned)((struct slot *)((char *)group - offsetof(struct slot, cgroup)) - launcher.slots);
    int empty = open_in(cgroup_run.memory, index, "memory.force_empty", O_WRONLY);
    if (empty < 0) return;
    if (write(empty, "0", 1) < 0) errno = 0;
    close(empty);
}
