// Tasks: what the host allows a plugin to launch.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "launcher.h"

struct task *task_find(uint64_t id) {
    struct task *task = launcher.tasks;
    while (task && task->id != id) task = task->next;
    return task;
}

static bool has_channel(uint64_t spawn) {
    for (uint32_t i = 0; i < launcher.slot_count; i++) {
        const struct sandbox *sandbox = &launcher.slots[i].sandbox;
        if (sandbox->live && sandbox->channel && sandbox->channel->spawn == spawn) return true;
    }
    return false;
}

void task_begin(struct packet *packet) {
    struct progress failure = {.state = PROGRESS_NONE};
    const struct ostler_task *body = (const void *)packet->body;
    if (!packet_open(packet, sizeof *body, 0)) {
        progress_fail(&failure, OSTLER_STAGE_REQUEST, EBADMSG, -1, "malformed task", NULL);
    } else if (task_find(packet->header.id)) {
        progress_fail(&failure, OSTLER_STAGE_REQUEST, EEXIST, -1, "a task of this number is there", NULL);
    } else if (!has_channel(body->spawn)) {
        progress_fail(&failure, OSTLER_STAGE_REQUEST, ESRCH, -1, "no plugin with a channel has this number", NULL);
    } else if (!plan_find(body->plan)) {
        progress_fail(&failure, OSTLER_STAGE_REQUEST, ENOENT, -1, "unknown plan", NULL);
    } else {
        struct task *task = calloc(1, sizeof *task);
        if (task) {
            *task = (struct task){launcher.tasks, packet->header.id, body->spawn, plan_find(body->plan),
                                  body->max_live, 0, 0, 0, packet_take_fd(packet, 0), false};
            task->plan->users++;
            launcher.tasks = task;
            return;
        }
        progress_fail(&failure, OSTLER_STAGE_REQUEST, ENOMEM, -1, "task", NULL);
    }
    send_host_failed(OSTLER_FLAG_TASK, packet->header.id, &failure, 0);
}

void task_signal(uint64_t id, int signal) {
    for (uint32_t i = 0; i < launcher.slot_count; i++) {
        struct sandbox *sandbox = &launcher.slots[i].sandbox;
        if (sandbox->live && sandbox->task && sandbox->task->id == id) sandbox_signal(&launcher.slots[i], signal);
    }
}

void task_end(uint64_t id) {
    struct task *task = task_find(id);
    if (!task) {
        struct ostler_gone gone = {0};
        send_host(OSTLER_EV_GONE, 0, id, &gone, sizeof gone);
        return;
    }
    task->ended = true;
    if (task->input >= 0) close(task->input);
    task->input = -1;
    // One whose command has ended is on its way out by itself.
    for (uint32_t i = 0; i < launcher.slot_count; i++) {
        struct sandbox *sandbox = &launcher.slots[i].sandbox;
        if (sandbox->live && sandbox->task == task && !sandbox->reported) task->killed++;
    }
    task_signal(id, SIGKILL);
    task_settle(task);
}

/// Forgets a task that has ended and of which nothing is left.
void task_settle(struct task *task) {
    if (!task->ended || task->live) return;
    bool proven = task->plan->fence == OSTLER_FENCE_NAMESPACES;
    struct ostler_gone gone = {.sandboxes = task->total, .killed = task->killed, .unproven = proven ? 0 : task->total};
    send_host(OSTLER_EV_GONE, 0, task->id, &gone, sizeof gone);
    struct task **link = &launcher.tasks;
    while (*link != task) link = &(*link)->next;
    *link = task->next;
    plan_release(task->plan);
    free(task);
}
