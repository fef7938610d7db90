// The end of a sandbox, as the launcher sees it: first the report of its init, then the death of process 1.
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "launcher.h"

uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint16_t event_flags(const struct sandbox *sandbox) {
    return sandbox->task ? OSTLER_FLAG_TASK : 0;
}

static void send_exited(struct slot *slot, int status) {
    struct sandbox *sandbox = &slot->sandbox;
    const struct progress *progress = slot->progress;
    bool ended = progress->state == PROGRESS_ENDED;
    struct cgroup_figures figures;
    cgroup_read(&slot->cgroup, &figures);
    struct ostler_exited exited = {
        .sandbox = sandbox->number,
        .status = status,
        .layers = progress->layers,
        .oom_kills = figures.oom_kills,
        .pids_denied = figures.pids_denied,
        .full = ended ? progress->full : 0,
        .user_us = ended ? progress->user_us : 0,
        .system_us = ended ? progress->system_us : 0,
        .wall_us = (now_ns() - sandbox->arrived_ns) / 1000,
        .peak_bytes = figures.peak_bytes ? figures.peak_bytes : ended ? progress->peak_bytes : 0,
    };
    sandbox->reported = true;
    send_host(OSTLER_EV_EXITED, event_flags(sandbox), sandbox->id, &exited, sizeof exited);
    struct channel *channel = sandbox->launcher;
    if (channel && !send_channel(channel, OSTLER_EV_LAUNCH_EXITED, sandbox->launch_id, &exited, sizeof exited, NULL,
                                 NULL, 0)) {
        channel_drop(channel);
    }
}

/// A failure is told only when process 1 is gone: it is the last word about a sandbox that never ran anything.
void sandbox_reported(struct slot *slot) {
    struct sandbox *sandbox = &slot->sandbox;
    if (!sandbox->live || sandbox->reported || slot->progress->state != PROGRESS_ENDED) return;
    send_exited(slot, slot->progress->status);
}

/// Whether a name leads to a program of the host, along the usual path.
static bool is_on_host(const char *name) {
    static const char *const places[] = {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"};
    char path[sizeof launcher.pages->detail + 32];
    if (strchr(name, '/')) return access(name, X_OK) == 0;
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        *put_text(put_text(path, places[i]), name) = 0;
        if (access(path, X_OK) == 0) return true;
    }
    return false;
}

/// Under an allow list what is not listed is absent from the view. For who asks for it that is no missing program.
static void tell_absence(struct progress *progress, const struct plan *plan) {
    bool hides = plan->has_programs && plan->programs.has_allow;
    bool is_absent = progress->stage == OSTLER_STAGE_PROGRAM && progress->err == ENOENT;
    if (hides && is_absent && progress->detail[0] && is_on_host(progress->detail)) progress->err = EPERM;
}

static void send_failed(struct slot *slot) {
    struct sandbox *sandbox = &slot->sandbox;
    tell_absence(slot->progress, sandbox->plan);
    send_host_failed(event_flags(sandbox), sandbox->id, slot->progress, sandbox->number);
    struct channel *channel = sandbox->launcher;
    if (!channel) return;
    channel_failed(channel, sandbox->launch_id, slot->progress, sandbox->number);
    if (channel->broken) channel_drop(channel);
}

static void release(struct slot *slot) {
    struct sandbox *sandbox = &slot->sandbox;
    close(sandbox->pidfd);
    if (sandbox->channel) channel_drop(sandbox->channel);
    struct task *task = sandbox->task;
    struct plan *plan = sandbox->plan;
    contained_settle(slot);
    *sandbox = (struct sandbox){.pidfd = -1};
    cgroup_settle(&slot->cgroup);
    if (task) {
        task->live--;
        task_settle(task);
    }
    plan_release(plan);
}

void sandbox_reaped(struct slot *slot) {
    struct sandbox *sandbox = &slot->sandbox;
    siginfo_t info = {.si_pid = 0};
    if (!sandbox->live || waitid(P_PIDFD, (id_t)sandbox->pidfd, &info, WEXITED | WNOHANG) < 0 || !info.si_pid) return;
    if (slot->progress->state == PROGRESS_FAILED) {
        send_failed(slot);
        return release(slot);
    }
    sandbox_reported(slot);
    // Killed before it could report: the command has gone the same way.
    if (!sandbox->reported) send_exited(slot, SIGKILL);
    struct ostler_reaped reaped = {.sandbox = sandbox->number};
    send_host(OSTLER_EV_REAPED, event_flags(sandbox), sandbox->id, &reaped, sizeof reaped);
    release(slot);
}

/// SIGKILL ends process 1 and with it all; the others are what an init passes on. Without a pid namespace nothing would
/// end with process 1, so it is told to see to it.
void sandbox_signal(struct slot *slot, int signal) {
    if (signal == SIGKILL && slot->sandbox.plan->fence != OSTLER_FENCE_NAMESPACES) {
        call_pidfd_send_signal(slot->sandbox.pidfd, END_SIGNAL);
        return;
    }
    switch (signal) {
    case SIGKILL:
    case SIGTERM:
    case SIGINT:
    case SIGHUP:
    case SIGQUIT:
    case SIGUSR1:
    case SIGUSR2:
    case SIGTSTP:
    case SIGCONT:
        call_pidfd_send_signal(slot->sandbox.pidfd, signal);
    }
}
