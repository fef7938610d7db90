#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "ostler_launch_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ostler_launch.h"

int ostler_client_is_channel(int fd) {
    int kind = 0;
    socklen_t size = sizeof kind;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_SEQPACKET;
}

// Sends one packet, with a descriptor unless it is -1.
static int send_packet(int channel, struct iovec *parts, size_t count, int fd) {
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    if (fd >= 0) {
        message.msg_control = control.space;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    ssize_t sent;
    do {
        sent = sendmsg(channel, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

// The strings of a request, each with its NUL, one behind the other.
struct tail {
    char *bytes;
    size_t size;
    uint32_t argc, envc;
};

static size_t add(char *at, const char *text) {
    size_t size = strlen(text) + 1;
    if (at) memcpy(at, text, size);
    return size;
}

// Counts the tail, and writes it if there is room for it.
static void lay_out(struct tail *tail, const struct ostler_client_request *request) {
    char *at = tail->bytes;
    size_t size = 0;
    tail->argc = tail->envc = 0;
    for (const char *const *word = request->argv; *word; word++, tail->argc++) size += add(at ? at + size : NULL, *word);
    for (const char *const *pair = request->envp; pair && *pair; pair++, tail->envc++)
        size += add(at ? at + size : NULL, *pair);
    if (request->directory) size += add(at ? at + size : NULL, request->directory);
    tail->size = size;
}

// A file in memory that holds the tail: what a packet has no room for.
static int memory_file(const struct tail *tail) {
    int fd = memfd_create("ostler-tail", MFD_CLOEXEC);
    if (fd < 0) return -errno;
    for (size_t done = 0; done < tail->size;) {
        ssize_t wrote = write(fd, tail->bytes + done, tail->size - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) {
            int saved = errno;
            close(fd);
            return -saved;
        }
        done += (size_t)wrote;
    }
    return fd;
}

int ostler_client_launch(int channel, uint64_t number, const struct ostler_client_request *request) {
    if (!request->argv || !request->argv[0]) return -EINVAL;
    struct tail tail = {0};
    lay_out(&tail, request);
    if (tail.size > UINT32_MAX) return -E2BIG;
    tail.bytes = malloc(tail.size);
    if (!tail.bytes) return -ENOMEM;
    lay_out(&tail, request);

    struct ostler_header header = {.op = OSTLER_OP_LAUNCH, .tail = (uint32_t)tail.size, .id = number};
    struct ostler_launch_request body = {
        .task = request->task,
        .argc = tail.argc,
        .envc = tail.envc,
        .has_cwd = request->directory != NULL,
        .stdin_from = (uint8_t)request->stdin_from,
    };
    struct iovec parts[3] = {{&header, sizeof header}, {&body, sizeof body}, {tail.bytes, tail.size}};
    int result;
    if (tail.size <= OSTLER_INLINE_MAX) {
        result = send_packet(channel, parts, 3, -1);
    } else {
        header.flags = OSTLER_FLAG_TAIL_FD;
        int file = memory_file(&tail);
        result = file < 0 ? file : send_packet(channel, parts, 2, file);
        if (file >= 0) close(file);
    }
    free(tail.bytes);
    return result;
}

int ostler_client_signal(int channel, uint64_t number, int signal) {
    struct ostler_header header = {.op = OSTLER_OP_LAUNCH_SIGNAL, .id = number};
    struct ostler_signal body = {.signal = signal};
    struct iovec parts[2] = {{&header, sizeof header}, {&body, sizeof body}};
    return send_packet(channel, parts, 2, -1);
}

// Moves the descriptors of a packet to `fds`, at most `room`; those beyond are closed.
static int take_descriptors(struct msghdr *message, int *fds, int room) {
    int count = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int there = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int index = 0; index < there; index++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + (size_t)index * sizeof(int), sizeof fd);
            if (count < room) fds[count++] = fd;
            else close(fd);
        }
    }
    return count;
}

static void read_failed(struct ostler_client_event *event, const struct ostler_failed *body, const char *tail,
                        size_t size) {
    event->kind = OSTLER_CLIENT_FAILED;
    event->stage = body->stage;
    event->err = body->err;
    event->layer = body->layer;
    if (size >= sizeof event->detail) size = sizeof event->detail - 1;
    memcpy(event->detail, tail, size);
    event->detail[size] = 0;
}

static void read_exited(struct ostler_client_event *event, const struct ostler_exited *body) {
    event->kind = OSTLER_CLIENT_EXITED;
    event->status = body->status;
    event->oom_kills = body->oom_kills;
    event->user_us = body->user_us;
    event->system_us = body->system_us;
    event->wall_us = body->wall_us;
    event->peak_bytes = body->peak_bytes;
}

// Whether the packet is an event that this version knows; fills it in if so.
static int read_event(struct ostler_client_event *event, const char *packet, size_t size, const int *fds, int count) {
    struct ostler_header header;
    memcpy(&header, packet, sizeof header);
    const char *content = packet + sizeof header;
    size -= sizeof header;
    memset(event, 0, sizeof *event);
    event->number = header.id;
    event->out_fd = event->err_fd = event->in_fd = -1;
    union {
        struct ostler_failed failed;
        struct ostler_exited exited;
    } body;
    switch (header.op) {
    case OSTLER_EV_LAUNCHED:
        if (count < 2) return 0;
        event->kind = OSTLER_CLIENT_LAUNCHED;
        event->out_fd = fds[0];
        event->err_fd = fds[1];
        if (count > 2) event->in_fd = fds[2];
        return 1;
    case OSTLER_EV_LAUNCH_FAILED:
        if (size < sizeof body.failed) return 0;
        memcpy(&body.failed, content, sizeof body.failed);
        read_failed(event, &body.failed, content + sizeof body.failed, size - sizeof body.failed);
        return 1;
    case OSTLER_EV_LAUNCH_EXITED:
        if (size < sizeof body.exited) return 0;
        memcpy(&body.exited, content, sizeof body.exited);
        read_exited(event, &body.exited);
        return 1;
    default: return 0;
    }
}

int ostler_client_receive(int channel, struct ostler_client_event *event, int wait) {
    // An event is small: its tail is a word about a failure, of which the start is enough.
    char packet[4096];
    for (;;) {
        union {
            struct cmsghdr header;
            char space[CMSG_SPACE(OSTLER_MAX_FDS * sizeof(int))];
        } control;
        struct iovec part = {packet, sizeof packet};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
        ssize_t size = recvmsg(channel, &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return errno == ECONNRESET ? 0 : -errno;
        int fds[3];
        int count = take_descriptors(&message, fds, 3);
        if ((size_t)size >= sizeof(struct ostler_header) && read_event(event, packet, (size_t)size, fds, count)) return 1;
        while (count > 0) close(fds[--count]);
        if ((size_t)size < sizeof(struct ostler_header)) return 0;
    }
}
