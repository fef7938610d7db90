// The resident launcher: one loop, in one thread (but see plain.c). It ends when the host's end of the control socket does.
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "launcher.h"

enum { EVENTS_MAX = 16, LAST_WAIT_MS = 5000 };

struct launcher launcher;

static struct epoll_event make_event(enum source source, uint32_t index, uint32_t events) {
    return (struct epoll_event){.events = events, .data.u64 = (uint64_t)source << 32 | index};
}

bool watch(int fd, enum source source, uint32_t index, uint32_t events) {
    struct epoll_event event = make_event(source, index, events);
    return epoll_ctl(launcher.epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool rewatch(int fd, enum source source, uint32_t index, uint32_t events) {
    struct epoll_event event = make_event(source, index, events);
    return epoll_ctl(launcher.epoll, EPOLL_CTL_MOD, fd, &event) == 0;
}

static void control_ready(uint32_t events) {
    if (events & EPOLLOUT) {
        if (!queue_flush(OSTLER_CONTROL_FD, &launcher.host_queue)) launcher.host_gone = true;
        if (!launcher.host_queue.first) rewatch(OSTLER_CONTROL_FD, SOURCE_CONTROL, 0, EPOLLIN);
    }
    if (!host_drain()) launcher.host_gone = true;
}

/// An event may be older than what its slot holds now: each handler looks at the slot's state, not at the event.
static void dispatch(const struct epoll_event *event) {
    struct slot *slot = &launcher.slots[(uint32_t)event->data.u64];
    switch ((enum source)(event->data.u64 >> 32)) {
    case SOURCE_CONTROL:
        return control_ready(event->events);
    case SOURCE_SIGNAL:
        launcher.host_gone = true;
        return;
    case SOURCE_REPORT:
        return sandbox_reported(slot);
    case SOURCE_PIDFD:
        return sandbox_reaped(slot);
    case SOURCE_CHANNEL:
        return channel_ready(slot, event->events);
    }
}

/// Process 1 dies at once; what it takes down with it may be held up in the kernel, so the wait has an end. The
/// kernel goes on by itself then.
void kill_all(void) {
    for (uint32_t i = 0; i < launcher.slot_count; i++) {
        if (launcher.slots[i].sandbox.live) sandbox_signal(&launcher.slots[i], SIGKILL);
    }
    uint64_t deadline = now_ns() + (uint64_t)LAST_WAIT_MS * 1000000;
    for (uint32_t i = 0; i < launcher.slot_count; i++) {
        struct sandbox *sandbox = &launcher.slots[i].sandbox;
        if (!sandbox->live) continue;
        uint64_t now = now_ns();
        struct pollfd wait = {.fd = sandbox->pidfd, .events = POLLIN};
        int left = now < deadline ? (int)((deadline - now) / 1000000) : 0;
        if (poll(&wait, 1, left) == 1) waitid(P_PIDFD, (id_t)sandbox->pidfd, &(siginfo_t){0}, WEXITED);
        contained_settle(&launcher.slots[i]);
    }
}

static void run(void) {
    while (!launcher.host_gone) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(launcher.epoll, events, EVENTS_MAX, -1);
        if (count < 0 && errno != EINTR) break;
        for (int i = 0; i < count && !launcher.host_gone; i++) dispatch(&events[i]);
    }
}

static int fail(const char *what) {
    struct progress failure = {.state = PROGRESS_NONE};
    progress_fail(&failure, OSTLER_STAGE_SLOT, errno, OSTLER_LAYER_USER_NS, what, NULL);
    struct stat control;
    bool has_host = fstat(OSTLER_CONTROL_FD, &control) == 0 && S_ISSOCK(control.st_mode);
    // A host says it better, if it is to be said: it may have another launcher do without.
    if (has_host) send_host_failed(0, 0, &failure, 0);
    else dprintf(2, "ostler-launch: %s: %s\n", what, strerror(failure.err));
    return 1;
}

int ostler_launch_main(int argc, char **argv) {
    const char *what = "";
    int status = 0;
    if (setup(argc, argv, &what)) run();
    else status = fail(what);
    kill_all();
    contained_stop();
    cgroup_stop();
    return status;
}
