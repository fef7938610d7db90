#include "processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "calls.h"
#include "launcher.h"

enum { PROCESSES_MAX = 8192, DEPTH_MAX = 200, PASSES_MAX = 8, NAMES_SIZE = 4096 };

static struct {
    pid_t pid;
    pid_t parent;
    bool is_ours;
} processes[PROCESSES_MAX];

/// The parent is the second word behind the name, which may hold anything.
static pid_t parent_of(int proc, const char *pid) {
    char path[64], text[512];
    *put_text(put_text(path, pid), "/stat") = 0;
    int file = openat(proc, path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) close(file);
    if (size <= 0) return 0;
    text[size] = 0;
    const char *end = strrchr(text, ')');
    return end && strlen(end) > 4 ? (pid_t)strtol(end + 4, NULL, 10) : 0;
}

static unsigned list_processes(void) {
    char buffer[NAMES_SIZE] __attribute__((aligned(8)));
    unsigned count = 0;
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ssize_t got;
    while (proc >= 0 && (got = getdents64(proc, buffer, sizeof buffer)) > 0) {
        for (ssize_t at = 0; at < got && count < PROCESSES_MAX;) {
            const struct dirent64 *entry = (const void *)(buffer + at);
            at += entry->d_reclen;
            if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
            processes[count].pid = (pid_t)strtol(entry->d_name, NULL, 10);
            processes[count].parent = parent_of(proc, entry->d_name);
            processes[count].is_ours = false;
            count++;
        }
    }
    if (proc >= 0) close(proc);
    return count;
}

static bool is_ours(pid_t parent, unsigned count) {
    if (parent == getpid()) return true;
    for (unsigned i = 0; i < count; i++) {
        if (processes[i].pid == parent) return processes[i].is_ours;
    }
    return false;
}

void signal_descendants(int signal) {
    unsigned count = list_processes();
    for (bool grew = true; grew;) {
        grew = false;
        for (unsigned i = 0; i < count; i++) {
            if (processes[i].is_ours || !is_ours(processes[i].parent, count)) continue;
            processes[i].is_ours = grew = true;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        if (processes[i].is_ours) kill(processes[i].pid, signal);
    }
}

static bool remove_entries(int directory, unsigned depth) {
    char buffer[NAMES_SIZE] __attribute__((aligned(8)));
    bool any = false;
    ssize_t got;
    fchmod(directory, 0700);
    lseek(directory, 0, SEEK_SET);
    while ((got = getdents64(directory, buffer, sizeof buffer)) > 0) {
        for (ssize_t at = 0; at < got;) {
            const struct dirent64 *entry = (const void *)(buffer + at);
            at += entry->d_reclen;
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
            remove_tree(directory, entry->d_name, depth + 1);
            any = true;
        }
    }
    return any;
}

void remove_tree(int directory, const char *name, unsigned depth) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (unlinkat(directory, name, 0) == 0 || errno == ENOENT || depth > DEPTH_MAX) return;
    int inside = openat(directory, name, flags);
    if (inside < 0 && errno == EACCES && fchmodat(directory, name, 0700, 0) == 0) {
        inside = openat(directory, name, flags);
    }
    if (inside < 0) return;
    // Entries may be passed over while others are removed.
    for (unsigned pass = 0; pass < PASSES_MAX && remove_entries(inside, depth); pass++) {}
    close(inside);
    unlinkat(directory, name, AT_REMOVEDIR);
}
