// What the host asks for.
#include <sys/epoll.h>
#include <unistd.h>

#include "launcher.h"

static char buffer[OSTLER_PACKET_MAX] __attribute__((aligned(8)));

static struct slot *find_spawn(uint64_t id) {
    for (uint32_t i = 0; i < launcher.slot_count; i++) {
        struct sandbox *sandbox = &launcher.slots[i].sandbox;
        if (sandbox->live && !sandbox->task && sandbox->id == id) return &launcher.slots[i];
    }
    return NULL;
}

static void refuse(uint64_t id, int err, const char *what) {
    struct progress failure = {.state = PROGRESS_NONE};
    progress_fail(&failure, OSTLER_STAGE_REQUEST, err, -1, what, NULL);
    send_host_failed(0, id, &failure, 0);
}

/// Starts a request whose streams are the packet's; answers NULL with `failure` filled in.
static struct slot *start(struct packet *packet, struct request *request, bool channel, struct progress *failure) {
    struct channel *made = NULL;
    for (unsigned i = 0; i < 3; i++) request->streams[i] = packet->fds[i];
    request->streams[3] = -1;
    if (channel && !(made = channel_make(packet->header.id, &request->streams[3]))) {
        progress_fail(failure, OSTLER_STAGE_REQUEST, errno, -1, "launch channel", NULL);
        return NULL;
    }
    struct slot *slot = spawn(request, failure);
    if (channel) close(request->streams[3]);
    if (made && slot) channel_attach(made, slot);
    else if (made) channel_drop(made);
    return slot;
}

static void handle_spawn(struct packet *packet, uint64_t arrived) {
    const struct ostler_spawn *body = (const void *)packet->body;
    uint64_t id = packet->header.id;
    struct request request = {.plan = NULL};
    struct progress failure = {.state = PROGRESS_NONE};
    if (packet->body_size >= sizeof *body && request_is_too_long(packet, body->argc, body->envc)) {
        progress_fail(&failure, OSTLER_STAGE_EXEC, E2BIG, -1, "", NULL);
        return send_host_failed(0, id, &failure, 0);
    }
    if (!packet_open(packet, sizeof *body, SPAWN_TAIL_MAX) || packet->fd_count != 3 ||
        !request_parse(&request, packet->tail, packet->tail_size, body->argc, body->envc, body->has_cwd)) {
        return refuse(id, EBADMSG, "malformed spawn");
    }
    request.terminal = body->terminal;
    request.probe = body->probe;
    request.plan = plan_find(body->plan);
    if (!request.plan) return refuse(id, ENOENT, "unknown plan");
    if (find_spawn(id)) return refuse(id, EEXIST, "a spawn of this number lives");
    struct slot *slot = start(packet, &request, body->launch_channel, &failure);
    if (!slot) return send_host_failed(0, id, &failure, 0);
    slot->sandbox.id = id;
    slot->sandbox.arrived_ns = arrived;
}

static void handle_signal(struct packet *packet) {
    const struct ostler_signal *body = (const void *)packet->body;
    if (!packet_open(packet, sizeof *body, 0)) return refuse(packet->header.id, EBADMSG, "malformed signal");
    if (body->is_task) return task_signal(packet->header.id, body->signal);
    struct slot *slot = find_spawn(packet->header.id);
    if (slot) sandbox_signal(slot, body->signal);
}

static void handle(struct packet *packet, uint64_t arrived) {
    uint64_t id = packet->header.id;
    switch (packet->header.op) {
    case OSTLER_OP_PLAN:
        if (!packet_open(packet, 0, PLAN_TAIL_MAX)) return refuse(id, EBADMSG, "malformed plan");
        return plan_add(id, packet->tail, packet->tail_size);
    case OSTLER_OP_SPAWN:
        return handle_spawn(packet, arrived);
    case OSTLER_OP_TASK:
        return task_begin(packet);
    case OSTLER_OP_SIGNAL:
        return handle_signal(packet);
    case OSTLER_OP_TASK_END:
        return task_end(id);
    case OSTLER_OP_PLAN_DROP:
        return plan_drop(id);
    default:
        return refuse(id, ENOSYS, "unknown operation");
    }
}

/// Handles all that the host has sent. False: the host is gone.
bool host_drain(void) {
    for (;;) {
        struct packet packet;
        switch (packet_receive(OSTLER_CONTROL_FD, buffer, &packet)) {
        case RECEIVED_PACKET:
            handle(&packet, now_ns());
            packet_close(&packet);
            break;
        case RECEIVED_BROKEN:
            refuse(0, EBADMSG, "malformed packet");
            break;
        case RECEIVED_NOTHING:
            return true;
        case RECEIVED_END:
            return false;
        }
    }
}
