// Packets in and out. Nothing here blocks: what a peer does not take at once waits in a queue.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"

struct outgoing {
    struct outgoing *next;
    size_t size;
    unsigned fd_count;
    int fds[3];
    char bytes[];
};

static void take_descriptors(struct msghdr *message, struct packet *packet) {
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            if (packet->fd_count < OSTLER_MAX_FDS) packet->fds[packet->fd_count++] = fd;
            else close(fd);
        }
    }
}

/// `buffer` holds OSTLER_PACKET_MAX bytes and must live as long as the packet.
enum received packet_receive(int socket, char *buffer, struct packet *packet) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * OSTLER_MAX_FDS)];
    } control;
    struct iovec bytes = {buffer, OSTLER_PACKET_MAX};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    packet->fd_count = 0;
    packet->owned = NULL;
    ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0) return errno == EAGAIN || errno == EINTR ? RECEIVED_NOTHING : RECEIVED_END;
    take_descriptors(&message, packet);
    if (got == 0 && packet->fd_count == 0) return RECEIVED_END;
    if (got < (ssize_t)sizeof packet->header || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        packet_close(packet);
        return RECEIVED_BROKEN;
    }
    memcpy(&packet->header, buffer, sizeof packet->header);
    packet->body = buffer + sizeof packet->header;
    packet->body_size = (size_t)got - sizeof packet->header;
    return RECEIVED_PACKET;
}

/// Only memory files count seals: reading anything else could make the launcher wait for its writer.
static bool read_tail(struct packet *packet, size_t size) {
    int file = packet_take_fd(packet, 0);
    struct stat status;
    bool good = file >= 0 && fcntl(file, F_GET_SEALS) >= 0 && fstat(file, &status) == 0;
    good = good && status.st_size >= (off_t)size;
    packet->owned = good ? malloc(size + 1) : NULL;
    good = packet->owned && pread(file, packet->owned, size, 0) == (ssize_t)size;
    if (file >= 0) close(file);
    packet->tail = packet->owned;
    memmove(packet->fds, packet->fds + 1, sizeof packet->fds - sizeof packet->fds[0]);
    if (packet->fd_count) packet->fd_count--;
    return good;
}

bool packet_open(struct packet *packet, size_t body_size, size_t tail_max) {
    size_t size = packet->header.tail;
    packet->tail_size = size;
    if (packet->body_size < body_size || size > tail_max) return false;
    if (packet->header.flags & OSTLER_FLAG_TAIL_FD) return packet->body_size == body_size && read_tail(packet, size);
    packet->tail = packet->body + body_size;
    return packet->body_size == body_size + size;
}

int packet_take_fd(struct packet *packet, unsigned index) {
    if (index >= packet->fd_count) return -1;
    int fd = packet->fds[index];
    packet->fds[index] = -1;
    return fd;
}

void packet_close(struct packet *packet) {
    for (unsigned i = 0; i < packet->fd_count; i++) {
        if (packet->fds[i] >= 0) close(packet->fds[i]);
    }
    packet->fd_count = 0;
    free(packet->owned);
    packet->owned = NULL;
}

static ssize_t transmit(int socket, struct iovec *parts, size_t count, const int *fds, unsigned fd_count) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * 3)];
    } control;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    if (fd_count) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * fd_count);
    }
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/// A descriptor that waits in a queue costs the launcher more than bytes: there are only so many.
static size_t weight(const struct outgoing *out) {
    return sizeof *out + out->size + 4096 * out->fd_count;
}

static bool enqueue(struct queue *queue, const struct iovec *parts, size_t count, const int *fds, unsigned fd_count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) size += parts[i].iov_len;
    struct outgoing *out = malloc(sizeof *out + size);
    if (!out) return false;
    *out = (struct outgoing){.size = size};
    for (; out->fd_count < fd_count; out->fd_count++) {
        out->fds[out->fd_count] = fcntl(fds[out->fd_count], F_DUPFD_CLOEXEC, 5);
    }
    char *at = out->bytes;
    for (size_t i = 0; i < count; i++) at = mempcpy(at, parts[i].iov_base, parts[i].iov_len);
    if (queue->last) queue->last->next = out;
    else queue->first = out;
    queue->last = out;
    queue->bytes += weight(out);
    return true;
}

static void pop(struct queue *queue) {
    struct outgoing *out = queue->first;
    queue->first = out->next;
    if (!queue->first) queue->last = NULL;
    queue->bytes -= weight(out);
    for (unsigned i = 0; i < out->fd_count; i++) {
        if (out->fds[i] >= 0) close(out->fds[i]);
    }
    free(out);
}

/// False: the peer is gone.
bool queue_flush(int socket, struct queue *queue) {
    while (queue->first) {
        struct iovec whole = {queue->first->bytes, queue->first->size};
        if (transmit(socket, &whole, 1, queue->first->fds, queue->first->fd_count) < 0) {
            return errno == EAGAIN || errno == ENOBUFS;
        }
        pop(queue);
    }
    return true;
}

void queue_clear(struct queue *queue) {
    while (queue->first) pop(queue);
}

/// False: the peer is gone or there is no memory.
static bool post(int socket, struct queue *queue, struct iovec *parts, size_t count, const int *fds,
                 unsigned fd_count) {
    if (!queue->first) {
        if (transmit(socket, parts, count, fds, fd_count) >= 0) return true;
        if (errno != EAGAIN && errno != ENOBUFS) return false;
    }
    return enqueue(queue, parts, count, fds, fd_count);
}

static void post_host(struct iovec *parts, size_t count) {
    bool was_empty = !launcher.host_queue.first;
    if (!post(OSTLER_CONTROL_FD, &launcher.host_queue, parts, count, NULL, 0)) launcher.host_gone = true;
    if (was_empty && launcher.host_queue.first) {
        rewatch(OSTLER_CONTROL_FD, SOURCE_CONTROL, 0, EPOLLIN | EPOLLOUT);
    }
}

void send_host(uint16_t op, uint16_t flags, uint64_t id, const void *body, size_t size) {
    struct ostler_header header = {.op = op, .flags = flags, .id = id};
    struct iovec parts[] = {{&header, sizeof header}, {(void *)body, size}};
    post_host(parts, 2);
}

static struct ostler_failed failed_body(const struct progress *failure, uint32_t sandbox) {
    return (struct ostler_failed){failure->stage, failure->err, failure->layer, sandbox};
}

void send_host_failed(uint16_t flags, uint64_t id, const struct progress *failure, uint32_t sandbox) {
    struct ostler_failed body = failed_body(failure, sandbox);
    size_t tail = strlen(failure->detail);
    struct ostler_header header = {.op = OSTLER_EV_FAILED, .flags = flags, .tail = (uint32_t)tail, .id = id};
    struct iovec parts[] = {{&header, sizeof header}, {&body, sizeof body}, {(void *)failure->detail, tail}};
    post_host(parts, 3);
}

/// False: the plugin is gone or does not read; the caller drops the channel.
bool send_channel(struct channel *channel, uint16_t op, uint64_t id, const void *body, size_t size, const char *tail,
                  const int *fds, unsigned fd_count) {
    size_t tail_size = tail ? strlen(tail) : 0;
    struct ostler_header header = {.op = op, .tail = (uint32_t)tail_size, .id = id};
    struct iovec parts[] = {{&header, sizeof header}, {(void *)body, size}, {(void *)tail, tail_size}};
    bool was_empty = !channel->queue.first;
    if (!post(channel->socket, &channel->queue, parts, 3, fds, fd_count)) return false;
    if (was_empty && channel->queue.first) {
        uint32_t index = (uint32_t)(channel->slot - launcher.slots);
        rewatch(channel->socket, SOURCE_CHANNEL, index, EPOLLIN | EPOLLOUT);
    }
    return channel->queue.bytes <= PLUGIN_QUEUE_MAX;
}

void channel_failed(struct channel *channel, uint64_t id, const struct progress *failure, uint32_t sandbox) {
    struct ostler_failed body = failed_body(failure, sandbox);
    if (!send_channel(channel, OSTLER_EV_LAUNCH_FAILED, id, &body, sizeof body, failure->detail, NULL, 0)) {
        channel->broken = true;
    }
}
