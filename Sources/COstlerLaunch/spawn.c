// The launcher's side of a start: check the request, take a slot, clone. It never waits for the child.
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "calls.h"
#include "launcher.h"

/// Takes `count` strings off the front of the tail.
static bool take_strings(const char **at, size_t *left, uint32_t count) {
    for (; count; count--) {
        const char *end = memchr(*at, 0, *left);
        if (!end) return false;
        *left -= (size_t)(end + 1 - *at);
        *at = end + 1;
    }
    return true;
}

static bool are_too_many(uint32_t argc, uint32_t envc) { return argc > STRINGS_MAX / 2 || envc > STRINGS_MAX / 4; }

/// More than is passed on, as the kernel has a bound of its own: the command's fault, and no breach of anything.
bool request_is_too_long(const struct packet *packet, uint32_t argc, uint32_t envc) {
    return packet->header.tail > SPAWN_TAIL_MAX || are_too_many(argc, envc);
}

/// False: the tail is not exactly the strings that are announced.
bool request_parse(struct request *request, const char *tail, size_t size, uint32_t argc, uint32_t envc, bool has_cwd) {
    if (argc == 0 || are_too_many(argc, envc)) return false;
    request->argc = argc;
    request->envc = envc;
    request->arguments = tail;
    if (!take_strings(&tail, &size, argc) || !take_strings(&tail, &size, envc)) return false;
    request->cwd = has_cwd ? tail : NULL;
    return take_strings(&tail, &size, has_cwd) && size == 0;
}

static uint64_t new_namespaces(const struct plan *plan) {
    uint64_t flags = 0;
    if (plan->fence != OSTLER_FENCE_NAMESPACES) return flags;
    if (!LEAVES_OUT(plan, PID_NS)) flags |= CLONE_NEWPID;
    if (!LEAVES_OUT(plan, IPC_NS)) flags |= CLONE_NEWIPC;
    if (!LEAVES_OUT(plan, UTS_NS)) flags |= CLONE_NEWUTS;
    return flags;
}

struct start {
    struct slot *slot;
    const struct request *request;
    uint32_t cgroup_layers;
};

static void begin(void *argument) {
    const struct start *start = argument;
    sandbox_main(start->slot, start->request, start->cgroup_layers);
}

static pid_t clone_sandbox(struct start *start, int *pidfd) {
    const struct plan *plan = start->request->plan;
    uint64_t flags = CLONE_PIDFD | new_namespaces(plan);
    if (plan->seccomp == OSTLER_SECCOMP_NONE && launcher.has_base_filter) return plain_clone(flags, pidfd, begin, start);
    pid_t pid = call_clone(flags, pidfd);
    if (pid == 0) begin(start);
    return pid;
}

/// NULL with `failure` filled in. The streams stay the caller's.
struct slot *spawn(struct request *request, struct progress *failure) {
    struct slot *slot = slot_take(request->plan, failure);
    if (!slot) return NULL;
    struct progress *progress = slot->progress;
    progress->state = PROGRESS_NONE;
    progress->layers = 0;
    if (!contained_prepare(slot, request->plan, failure)) return NULL;
    struct start start = {slot, request, cgroup_prepare(&slot->cgroup, &request->plan->limits)};
    int pidfd = -1;
    pid_t pid = clone_sandbox(&start, &pidfd);
    uint32_t index = (uint32_t)(slot - launcher.slots);
    if (pid < 0 || !watch(pidfd, SOURCE_PIDFD, index, EPOLLIN)) {
        progress_fail(failure, OSTLER_STAGE_CLONE, errno, OSTLER_LAYER_PID_NS, "clone", NULL);
        contained_settle(slot);
        if (pid < 0) return NULL;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(pidfd);
        return NULL;
    }
    request->plan->users++;
    slot->sandbox = (struct sandbox){
        .live = true, .number = ++launcher.next_sandbox, .pidfd = pidfd, .plan = request->plan};
    return slot;
}
