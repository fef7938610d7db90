#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ostler_launch.h"
#include "ostler_launch_client.h"
#include "ostler_sh_launch.h"

// One launch, and who asked for it.
struct launch {
    int client;
    uint64_t number; // on the channel; 0 before it is asked for
};

struct packet {
    char bytes[OSTLER_PACKET_MAX];
    size_t size;
    int fds[OSTLER_MAX_FDS];
    int count;
};

// The launches that are open. All of it is one thread's.
static struct launch *launches;
static struct pollfd *polled; // the channel, the listener, then the clients in the order of the launches
static size_t open_count, room;
static uint64_t last_number;

static bool grow(void) {
    if (open_count < room) return true;
    size_t more = room ? room * 2 : 16;
    struct launch *launch = realloc(launches, more * sizeof *launch);
    if (launch) launches = launch;
    struct pollfd *entry = realloc(polled, (more + 2) * sizeof *entry);
    if (entry) polled = entry;
    if (!launch || !entry) return false;
    room = more;
    return true;
}

static void close_all(struct packet *packet) {
    while (packet->count > 0) close(packet->fds[--packet->count]);
}

// Takes one packet; false where the other end is gone.
static bool take(int fd, struct packet *packet) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(OSTLER_MAX_FDS * sizeof(int))];
    } control;
    struct iovec part = {packet->bytes, sizeof packet->bytes};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    ssize_t size;
    do {
        size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    packet->count = 0;
    for (struct cmsghdr *header = size < 0 ? NULL : CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int there = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(packet->fds, CMSG_DATA(header), (size_t)there * sizeof(int));
        packet->count = there;
    }
    packet->size = size < 0 ? 0 : (size_t)size;
    if (packet->size >= sizeof(struct ostler_header) && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) return true;
    close_all(packet);
    return false;
}

// Hands a packet on under another number; false where that cannot be done.
static bool hand_on(int fd, struct packet *packet, uint64_t number) {
    struct ostler_header header;
    memcpy(&header, packet->bytes, sizeof header);
    header.id = number;
    memcpy(packet->bytes, &header, sizeof header);
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(OSTLER_MAX_FDS * sizeof(int))];
    } control = {0};
    struct iovec part = {packet->bytes, packet->size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (packet->count > 0) {
        size_t size = (size_t)packet->count * sizeof(int);
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(rights), packet->fds, size);
    }
    ssize_t sent;
    do {
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    close_all(packet);
    return sent >= 0;
}

static uint16_t operation(const struct packet *packet) {
    struct ostler_header header;
    memcpy(&header, packet->bytes, sizeof header);
    return header.op;
}

static void forget(size_t index) {
    close(launches[index].client);
    launches[index] = launches[--open_count];
}

// A client asks to launch, once, and then to signal; whoever goes away before the end takes the command along.
static void from_client(size_t index) {
    static struct packet packet;
    struct launch *launch = &launches[index];
    bool is_there = take(launch->client, &packet);
    bool asks = is_there && operation(&packet) == OSTLER_OP_LAUNCH && launch->number == 0;
    if (asks) launch->number = ++last_number;
    if (asks || (is_there && operation(&packet) == OSTLER_OP_LAUNCH_SIGNAL && launch->number != 0)) {
        if (hand_on(CHANNEL, &packet, launch->number)) return;
        is_there = false;
    }
    if (is_there) close_all(&packet);
    if (launch->number != 0) ostler_client_signal(CHANNEL, launch->number, SIGKILL);
    forget(index);
}

// False where the channel has ended.
static bool from_channel(void) {
    static struct packet packet;
    if (!take(CHANNEL, &packet)) return false;
    struct ostler_header header;
    memcpy(&header, packet.bytes, sizeof header);
    for (size_t index = 0; index < open_count; index++) {
        if (launches[index].number != header.id) continue;
        bool is_last = header.op == OSTLER_EV_LAUNCH_EXITED || header.op == OSTLER_EV_LAUNCH_FAILED;
        if (!hand_on(launches[index].client, &packet, 1)) ostler_client_signal(CHANNEL, header.id, SIGKILL);
        if (is_last) forget(index);
        return true;
    }
    close_all(&packet);
    return true;
}

static int listener(const char *path) {
    struct sockaddr_un address;
    if (!socket_address(path, &address)) return -1;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 128) != 0) {
        perror("ostler-sh-launch: socket");
        return -1;
    }
    return fd;
}

int serve(const char *path) {
    // Nobody else ends it, and it must not outlive whom it serves.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || !ostler_client_is_channel(CHANNEL)) return 1;
    int door = listener(path);
    if (door < 0) return 1;
    // Whoever started it waits for this line's end.
    if (write(STDOUT_FILENO, "\n", 1) != 1) return 1;
    close(STDOUT_FILENO);
    for (;;) {
        if (!grow()) return 1;
        polled[0] = (struct pollfd){.fd = CHANNEL, .events = POLLIN};
        polled[1] = (struct pollfd){.fd = door, .events = POLLIN};
        for (size_t index = 0; index < open_count; index++)
            polled[index + 2] = (struct pollfd){.fd = launches[index].client, .events = POLLIN};
        if (poll(polled, open_count + 2, -1) < 0) {
            if (errno == EINTR) continue;
            return 1;
        }
        // One at a time from here: each of them may move the launches about.
        if (polled[0].revents) {
            if (!from_channel()) return 0;
            continue;
        }
        size_t ready = 0;
        while (ready < open_count && !polled[ready + 2].revents) ready++;
        if (ready < open_count) {
            from_client(ready);
            continue;
        }
        int client = polled[1].revents ? accept4(door, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (client >= 0) launches[open_count++] = (struct launch){.client = client};
    }
}
