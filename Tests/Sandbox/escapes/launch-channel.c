// Tries: to have the launcher do what only the host may ask, and to start things for tasks that it was not given.
// Source: ostler_launch.h; CWE-862
// Layers: closed_descriptors
// Control: none (there is no launcher outside)
#include <poll.h>

#include "escape.h"

struct header {
    uint16_t op;
    uint16_t flags;
    uint32_t tail;
    uint64_t id;
};

struct launch {
    struct header header;
    uint64_t task;
    uint32_t argc;
    uint32_t envc;
    uint8_t has_cwd;
    uint8_t stdin_from;
    uint8_t reserved[6];
    char tail[8];
};

enum { LAUNCH = 16, LAUNCH_FAILED = 49, REFUSED_ERRNO_AT = 20 };

/// What the launcher answers: 0 nothing or the end of the channel, else the operation.
static int ask(const void *packet, size_t size, int *err) {
    char answer[4096];
    if (send(3, packet, size, MSG_NOSIGNAL) < 0) return 0;
    struct pollfd wait = {.fd = 3, .events = POLLIN};
    if (poll(&wait, 1, 20000) != 1) return 0;
    ssize_t count = recv(3, answer, sizeof answer, 0);
    if (count < (ssize_t)sizeof(struct header)) return 0;
    if (count >= REFUSED_ERRNO_AT + 4) memcpy(err, answer + REFUSED_ERRNO_AT, 4);
    return ((struct header *)answer)->op;
}

int main(void) {
    struct stat status;
    if (fstat(3, &status) < 0) {
        if (is_plugin()) inconclusive("there is no launch channel");
        held("there is no launch channel");
    }
    if (!is_plugin()) escaped("descriptor 3 is open");
    int err = 0;
    // Tasks that are somebody else's, or nobody's.
    for (uint64_t task = 0; task < 64; task++) {
        if (task == (uint64_t)-1) continue;
        struct launch packet = {{LAUNCH, 0, 5, task + 1}, .task = task << 32 | 0xffff, .argc = 1, .tail = "true"};
        int op = ask(&packet, offsetof(struct launch, tail) + 5, &err);
        if (op == 48) escaped("a launch for task %llu", (unsigned long long)packet.task);
        if (op != LAUNCH_FAILED || err != EPERM) inconclusive("answer %d, errno %d", op, err);
    }
    note("64 launches: EPERM");
    // What only the host may ask: the channel is closed on whoever tries.
    for (uint16_t op = 1; op <= 6; op++) {
        struct header packet = {op, 0, 0, 1};
        int answer = ask(&packet, sizeof packet, &err);
        if (answer && answer != LAUNCH_FAILED) escaped("operation %d answered %d", op, answer);
    }
    note("operations of the host: refused");
    all_held();
}
