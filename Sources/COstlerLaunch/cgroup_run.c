// The run's directories: made at start, found stale and removed by a later start, removed at the end.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "launcher.h"

struct cgroup_run cgroup_run;

/// When a process started, in ticks; 0 if there is none of this number, or if it has ended and only waits to be reaped.
/// Number and time name a process for ever.
static unsigned long long start_time(int pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (read_file(path, text, sizeof text) <= 0) return 0;
    // The name may hold blanks and brackets; the last bracket ends it. The start is the 22nd field.
    char *at = strrchr(text, ')');
    if (at && at[1] == ' ' && (at[2] == 'Z' || at[2] == 'X')) return 0;
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

static bool is_stale(const char *name) {
    const char *last = strrchr(name, '-');
    if (strncmp(name, "ostler-", 7) != 0 || last <= name + 7) return false;
    const char *before = last;
    while (before > name && *--before != '-') continue;
    int pid = atoi(before + 1);
    return pid > 0 && start_time(pid) != strtoull(last + 1, NULL, 10);
}

static bool remove_run(const char *directory) {
    DIR *entries = opendir(directory);
    struct dirent *entry;
    while (entries && (entry = readdir(entries))) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
            unlinkat(dirfd(entries), entry->d_name, AT_REMOVEDIR);
        }
    }
    if (entries) closedir(entries);
    return rmdir(directory) == 0;
}

/// What was killed may still be dying: the kernel takes its time. It is waited for, up to two seconds.
static void remove_stale(const char *directory) {
    for (int attempt = 0; attempt < 400 && !remove_run(directory) && errno == EBUSY; attempt++) usleep(5000);
}

static void sweep(const char *own) {
    DIR *entries = opendir(own);
    struct dirent *entry;
    while (entries && (entry = readdir(entries))) {
        char path[PATH_MAX];
        if (!is_stale(entry->d_name)) continue;
        snprintf(path, sizeof path, "%s/%s", own, entry->d_name);
        remove_stale(path);
    }
    if (entries) closedir(entries);
}

static bool write_in(const char *directory, const char *file, const char *text) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", directory, file);
    return write_file(path, text);
}

static bool start_v1(const char *controller, const char *file, const char *none, const char *name, char *run) {
    char own[PATH_MAX - 192];
    if (cgroup_own_directory(controller, false, own, sizeof own) < 0) return false;
    sweep(own);
    snprintf(run, PATH_MAX - 64, "%s/%.60s", own, name);
    if (mkdir(run, 0755) < 0) return false;
    if (write_in(run, file, none)) return true;
    rmdir(run);
    return false;
}

static bool has_controller(const char *directory, const char *controller) {
    char path[PATH_MAX], text[1024];
    snprintf(path, sizeof path, "%s/cgroup.controllers", directory);
    if (read_file(path, text, sizeof text) <= 0) return false;
    size_t length = strlen(controller);
    for (char *at = text; (at = strstr(at, controller)); at += length) {
        bool starts = at == text || at[-1] == ' ';
        if (starts && (at[length] == ' ' || at[length] == '\n')) return true;
    }
    return false;
}

/// A cgroup that hands controllers to its children may hold no process: the launcher moves to a leaf and tries again.
/// Where others live beside it, this fails and so does the whole mode.
static bool enable_own(void) {
    const char *own = cgroup_run.own, *run = cgroup_run.memory;
    char leaf[PATH_MAX - 32];
    if (has_controller(run, "memory") && has_controller(run, "pids")) return true;
    cgroup_run.enabled = write_in(own, "cgroup.subtree_control", "+memory +pids");
    if (cgroup_run.enabled || errno != EBUSY) return cgroup_run.enabled;
    snprintf(leaf, sizeof leaf, "%s/launcher", run);
    cgroup_run.moved = mkdir(leaf, 0755) == 0 && write_in(leaf, "cgroup.procs", "0");
    cgroup_run.enabled = cgroup_run.moved && write_in(own, "cgroup.subtree_control", "+memory +pids");
    return cgroup_run.enabled;
}

static bool start_v2(const char *name) {
    if (cgroup_own_directory("", true, cgroup_run.own, sizeof cgroup_run.own) < 0) return false;
    sweep(cgroup_run.own);
    snprintf(cgroup_run.memory, sizeof cgroup_run.memory, "%s/%.60s", cgroup_run.own, name);
    strcpy(cgroup_run.pids, cgroup_run.memory);
    if (mkdir(cgroup_run.memory, 0755) < 0) return false;
    if (enable_own() && write_in(cgroup_run.memory, "cgroup.subtree_control", "+memory +pids")) return true;
    launcher.memory_mode = launcher.pids_mode = OSTLER_CGROUP_V2;
    cgroup_stop();
    launcher.memory_mode = launcher.pids_mode = OSTLER_CGROUP_NONE;
    return false;
}

void cgroup_start(const char *run) {
    char name[64];
    snprintf(name, sizeof name, "ostler-%.24s-%d-%llu", run, (int)getpid(), start_time(getpid()));
    bool memory = start_v1("memory", "memory.limit_in_bytes", "-1", name, cgroup_run.memory);
    bool pids = start_v1("pids", "pids.max", "max", name, cgroup_run.pids);
    launcher.memory_mode = memory ? OSTLER_CGROUP_V1 : OSTLER_CGROUP_NONE;
    launcher.pids_mode = pids ? OSTLER_CGROUP_V1 : OSTLER_CGROUP_NONE;
    if (!memory && !pids && start_v2(name)) launcher.memory_mode = launcher.pids_mode = OSTLER_CGROUP_V2;
}

void cgroup_stop(void) {
    if (launcher.memory_mode == OSTLER_CGROUP_V2) {
        if (cgroup_run.moved) {
            write_in(cgroup_run.memory, "cgroup.subtree_control", "-memory -pids");
            if (cgroup_run.enabled) write_in(cgroup_run.own, "cgroup.subtree_control", "-memory -pids");
            write_in(cgroup_run.own, "cgroup.procs", "0");
        }
        remove_stale(cgroup_run.memory);
        return;
    }
    if (launcher.memory_mode) remove_stale(cgroup_run.memory);
    if (launcher.pids_mode) remove_stale(cgroup_run.pids);
}
