// Slots: the user and network namespaces that cost most, made on demand and used by one sandbox after another.
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "ids.h"
#include "launcher.h"

/// Makes the namespaces and holds them until the launcher has descriptors of them.
static void hold_namespaces(int socket) __attribute__((noreturn));

static void hold_namespaces(int socket) {
    char byte = 'r';
    if (unshare(CLONE_NEWUSER) < 0) _exit(errno);
    if (write(socket, &byte, 1) != 1 || read(socket, &byte, 1) != 1) _exit(EPIPE);
    // No namespaces inside namespaces, whatever gets past the filter.
    if (!write_file("/proc/sys/user/max_user_namespaces", "0")) _exit(errno);
    _exit(0);
}

static bool write_map(pid_t child, const char *file, uint32_t inside, uint32_t outside) {
    char path[64], text[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)child, file);
    snprintf(text, sizeof text, "%u %u 1", inside, outside);
    return write_file(path, text);
}

static int open_ns(pid_t child, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)child, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/// Fills in the child's maps and takes its namespaces; answers the user namespace or -1.
static int take_namespaces(pid_t child, uint32_t inside, uid_t uid, gid_t gid, int *net) {
    if (!launcher.real_root) {
        // Without privilege a group map is accepted only once setgroups is refused.
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/setgroups", (int)child);
        write_file(path, "deny");
    }
    if (!write_map(child, "uid_map", inside, uid) || !write_map(child, "gid_map", inside, gid)) return -1;
    // Anybody may write this map, once: a sandbox would leave a trace in it for the slot's next. Where the launcher's own
    // namespace maps no projects nobody can.
    if (!write_map(child, "projid_map", inside, inside)) errno = 0;
    int user = open_ns(child, "user");
    if (user >= 0 && net && (*net = open_ns(child, "net")) < 0) {
        close(user);
        return -1;
    }
    return user;
}

/// A user namespace with the one user `inside`, and a network namespace beside it if `net` is given. The network
/// belongs to the launcher's user namespace, so nobody inside can ever configure it.
int make_user_ns(uint32_t inside, uid_t uid, gid_t gid, int *net) {
    int ends[2];
    char byte = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -1;
    pid_t child = call_clone(net ? CLONE_NEWNET : 0, NULL);
    if (child == 0) {
        close(ends[0]);
        hold_namespaces(ends[1]);
    }
    int saved = errno;
    close(ends[1]);
    int user = -1;
    if (child > 0 && read(ends[0], &byte, 1) == 1) {
        user = take_namespaces(child, inside, uid, gid, net);
        saved = errno;
        if (user >= 0 && write(ends[0], "g", 1) != 1) byte = 0;
    }
    close(ends[0]);
    int status = 0;
    if (child > 0) waitpid(child, &status, 0);
    if (user >= 0 && status != 0) {
        close(user);
        if (net) close(*net);
        user = -1;
    }
    if (user < 0) errno = status && WIFEXITED(status) && WEXITSTATUS(status) != EPIPE ? WEXITSTATUS(status) : saved;
    return user;
}

static int slot_make(unsigned index) {
    struct slot *slot = &launcher.slots[index];
    slot->user = slot->net = slot->idmap = -1;
    slot->progress = &launcher.pages[index];
    slot->report = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    // Edge-triggered: each write wakes once, and nobody has to read the counter back.
    if (slot->report < 0 || !watch(slot->report, SOURCE_REPORT, index, EPOLLIN | EPOLLET)) {
        int saved = errno;
        if (slot->report >= 0) close(slot->report);
        errno = saved;
        return -1;
    }
    cgroup_open(&slot->cgroup, index);
    slot->sandbox.pidfd = -1;
    return 0;
}

/// The ids of a slot differ from those of every other, of other launchers too, where the launcher has ids to give.
static bool set_ids(struct slot *slot, bool has_ids) {
    if (has_ids && !ids_claim(&slot->id)) return false;
    slot->uid = has_ids ? slot->id : getuid();
    slot->gid = has_ids ? slot->id : getgid();
    return true;
}

static bool add_namespaces(struct slot *slot) {
    if (!set_ids(slot, launcher.real_root)) return false;
    if (slot->user < 0) slot->user = make_user_ns(SANDBOX_UID, slot->uid, slot->gid, &slot->net);
    return slot->user >= 0;
}

/// The namespaces of the first slot, made at start: they show whether this user may make sandboxes in this way.
int slot_try(void) {
    return add_namespaces(&launcher.slots[0]) ? 0 : -1;
}

bool slot_first(void) {
    if (slot_make(0) < 0) return false;
    launcher.slot_count = 1;
    return true;
}

static bool slot_add_idmap(struct slot *slot) {
    if (slot->idmap < 0) slot->idmap = make_user_ns(0, slot->uid, slot->gid, NULL);
    return slot->idmap >= 0;
}

struct slot *slot_take(const struct plan *plan, struct progress *failure) {
    struct slot *found = NULL;
    for (uint32_t i = 0; i < launcher.slot_count && !found; i++) {
        if (!launcher.slots[i].sandbox.live) found = &launcher.slots[i];
    }
    errno = EAGAIN;
    if (!found && launcher.slot_count < launcher.slot_limit && slot_make(launcher.slot_count) == 0) {
        found = &launcher.slots[launcher.slot_count++];
    }
    if (!found) {
        progress_fail(failure, OSTLER_STAGE_SLOT, errno, OSTLER_LAYER_USER_NS, "no further slot", NULL);
        return NULL;
    }
    bool is_contained = plan->fence == OSTLER_FENCE_CONTAINED;
    bool is_ready = plan->fence == OSTLER_FENCE_NAMESPACES ? add_namespaces(found)
                                                            : set_ids(found, is_contained && launcher.has_ids);
    if (!is_ready) {
        const char *what = errno == EUSERS ? "every id of sandbox.uid_range is taken" : "no further slot";
        progress_fail(failure, OSTLER_STAGE_SLOT, errno, OSTLER_LAYER_USER_NS, what, NULL);
        return NULL;
    }
    if (plan->needs_idmap && !slot_add_idmap(found)) {
        progress_fail(failure, OSTLER_STAGE_SLOT, errno, OSTLER_LAYER_USER_NS, "user namespace for binds", NULL);
        return NULL;
    }
    return found;
}
