// Launch channels: a plugin asks for commands of its tasks. Nothing that comes from a plugin is trusted, and nothing
// that it does or leaves undone may stop the launcher.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launcher.h"

static char buffer[OSTLER_PACKET_MAX] __attribute__((aligned(8)));

struct channel *channel_make(uint64_t spawn, int *far) {
    int ends[2];
    struct channel *channel = calloc(1, sizeof *channel);
    if (!channel) return NULL;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        free(channel);
        return NULL;
    }
    *channel = (struct channel){.socket = ends[0], .spawn = spawn};
    *far = ends[1];
    return channel;
}

void channel_attach(struct channel *channel, struct slot *slot) {
    channel->slot = slot;
    slot->sandbox.channel = channel;
    watch(channel->socket, SOURCE_CHANNEL, (uint32_t)(slot - launcher.slots), EPOLLIN);
}

/// A plugin without its channel is dead or broken: what it launched ends with it.
void channel_drop(struct channel *channel) {
    for (uint32_t i = 0; i < launcher.slot_count; i++) {
        struct sandbox *sandbox = &launcher.slots[i].sandbox;
        if (!sandbox->live || sandbox->launcher != channel) continue;
        sandbox->launcher = NULL;
        sandbox_signal(&launcher.slots[i], SIGKILL);
    }
    if (channel->slot) channel->slot->sandbox.channel = NULL;
    queue_clear(&channel->queue);
    close(channel->socket);
    free(channel);
}

/// The pipes of a launch: `inside` for the command, `outside` for the plugin.
struct pipes {
    int inside[3];
    int outside[3];
    unsigned outside_count;
};

static void pipes_close(struct pipes *pipes) {
    for (unsigned i = 0; i < 3; i++) {
        if (pipes->inside[i] >= 0) close(pipes->inside[i]);
        if (pipes->outside[i] >= 0) close(pipes->outside[i]);
    }
}

static bool pipes_make(struct pipes *pipes, struct task *task, uint8_t stdin_from) {
    *pipes = (struct pipes){{-1, -1, -1}, {-1, -1, -1}, 2};
    int ends[2];
    for (unsigned i = 0; i < 2; i++) {
        if (pipe2(ends, O_CLOEXEC) < 0) return false;
        pipes->outside[i] = ends[0];
        pipes->inside[i + 1] = ends[1];
    }
    if (stdin_from == OSTLER_STDIN_PIPE) {
        if (pipe2(ends, O_CLOEXEC) < 0) return false;
        pipes->inside[0] = ends[0];
        pipes->outside[pipes->outside_count++] = ends[1];
    } else if (stdin_from == OSTLER_STDIN_TASK && task->input >= 0) {
        pipes->inside[0] = task->input;
        task->input = -1;
    } else {
        pipes->inside[0] = fcntl(launcher.null, F_DUPFD_CLOEXEC, 5);
    }
    return pipes->inside[0] >= 0;
}

static bool may_launch(const struct channel *channel, const struct task *task, struct progress *failure) {
    if (!task || task->ended || task->spawn != channel->spawn) {
        progress_fail(failure, OSTLER_STAGE_REQUEST, EPERM, -1, "no task of this plugin", NULL);
        return false;
    }
    if (task->live >= task->max_live) {
        progress_fail(failure, OSTLER_STAGE_REQUEST, EAGAIN, -1, "as many commands as the task may run at once", NULL);
        return false;
    }
    return true;
}

static void launch(struct channel *channel, struct packet *packet, struct request *request, uint64_t arrived) {
    const struct ostler_launch_request *body = (const void *)packet->body;
    struct progress failure = {.state = PROGRESS_NONE};
    struct task *task = task_find(body->task);
    if (!may_launch(channel, task, &failure)) return channel_failed(channel, packet->header.id, &failure, 0);
    struct pipes pipes;
    struct slot *slot = NULL;
    request->plan = task->plan;
    if (!pipes_make(&pipes, task, body->stdin_from)) {
        progress_fail(&failure, OSTLER_STAGE_REQUEST, errno, -1, "pipe", NULL);
    } else {
        for (unsigned i = 0; i < 3; i++) request->streams[i] = pipes.inside[i];
        request->streams[3] = -1;
        slot = spawn(request, &failure);
    }
    if (slot) {
        slot->sandbox.id = task->id;
        slot->sandbox.launch_id = packet->header.id;
        slot->sandbox.arrived_ns = arrived;
        slot->sandbox.task = task;
        slot->sandbox.launcher = channel;
        task->live++;
        task->total++;
        if (!send_channel(channel, OSTLER_EV_LAUNCHED, packet->header.id, NULL, 0, NULL, pipes.outside,
                          pipes.outside_count)) {
            channel->broken = true;
        }
    } else {
        channel_failed(channel, packet->header.id, &failure, 0);
        send_host_failed(OSTLER_FLAG_TASK, task->id, &failure, 0);
    }
    pipes_close(&pipes);
}

static void refuse_length(struct channel *channel, const struct packet *packet) {
    const struct ostler_launch_request *body = (const void *)packet->body;
    struct progress failure = {.state = PROGRESS_NONE};
    struct task *task = task_find(body->task);
    if (may_launch(channel, task, &failure)) {
        progress_fail(&failure, OSTLER_STAGE_EXEC, E2BIG, -1, "", NULL);
        send_host_failed(OSTLER_FLAG_TASK, task->id, &failure, 0);
    }
    channel_failed(channel, packet->header.id, &failure, 0);
}

static void launch_signal(struct channel *channel, uint64_t id, int signal) {
    for (uint32_t i = 0; i < launcher.slot_count; i++) {
        struct sandbox *sandbox = &launcher.slots[i].sandbox;
        if (sandbox->live && sandbox->launcher == channel && sandbox->launch_id == id) {
            sandbox_signal(&launcher.slots[i], signal);
        }
    }
}

static void handle(struct channel *channel, struct packet *packet, uint64_t arrived) {
    struct request request = {.plan = NULL};
    if (packet->header.op == OSTLER_OP_LAUNCH) {
        const struct ostler_launch_request *body = (const void *)packet->body;
        bool is_too_long = packet->body_size >= sizeof *body && request_is_too_long(packet, body->argc, body->envc);
        if (is_too_long) return refuse_length(channel, packet);
        if (packet_open(packet, sizeof *body, SPAWN_TAIL_MAX) && body->stdin_from <= OSTLER_STDIN_TASK &&
            request_parse(&request, packet->tail, packet->tail_size, body->argc, body->envc, body->has_cwd)) {
            return launch(channel, packet, &request, arrived);
        }
    } else if (packet->header.op == OSTLER_OP_LAUNCH_SIGNAL) {
        const struct ostler_signal *body = (const void *)packet->body;
        if (packet_open(packet, sizeof *body, 0)) return launch_signal(channel, packet->header.id, body->signal);
    }
    channel->broken = true;
}

/// One packet a turn, so that a plugin that floods does not keep the others waiting.
void channel_ready(struct slot *slot, uint32_t events) {
    struct channel *channel = slot->sandbox.channel;
    if (!channel) return;
    if (events & EPOLLOUT) {
        if (!queue_flush(channel->socket, &channel->queue)) channel->broken = true;
        if (!channel->queue.first) {
            rewatch(channel->socket, SOURCE_CHANNEL, (uint32_t)(slot - launcher.slots), EPOLLIN);
        }
    }
    struct packet packet;
    enum received received = packet_receive(channel->socket, buffer, &packet);
    if (received == RECEIVED_END || received == RECEIVED_BROKEN) channel->broken = true;
    if (received == RECEIVED_PACKET) {
        uint64_t arrived = now_ns();
        // The host told of the task before the plugin could name it: its packet is in the other socket by now.
        if (!host_drain()) launcher.host_gone = true;
        handle(channel, &packet, arrived);
        packet_close(&packet);
    }
    if (channel->broken) channel_drop(channel);
}
