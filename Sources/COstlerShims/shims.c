#include "ostler_shims.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int result(int value) {
    return value < 0 ? -errno : value;
}

int ostler_epoll_create(void) {
    return result(epoll_create1(EPOLL_CLOEXEC));
}

int ostler_epoll_ctl(int epoll, int op, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    return result(epoll_ctl(epoll, op, fd, &event));
}

int ostler_epoll_wait(int epoll, struct ostler_event *events, int capacity, int timeout_ms) {
    struct epoll_event found[64];
    if (capacity > 64) capacity = 64;
    int count = epoll_wait(epoll, found, capacity, timeout_ms);
    for (int i = 0; i < count; i++) {
        events[i].events = found[i].events;
        events[i].data = found[i].data.u64;
    }
    return result(count);
}

int ostler_eventfd(void) {
    return result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int ostler_pipe(int ends[2]) {
    return result(pipe2(ends, O_CLOEXEC));
}

int ostler_seqpacket_pair(int ends[2]) {
    return result(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
}

int ostler_memfd(const char *name, const void *bytes, size_t count) {
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0) return -errno;
    size_t done = 0;
    while (done < count) {
        ssize_t wrote = write(fd, (const char *)bytes + done, count - done);
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

int ostler_set_nonblocking(int fd, int on) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return -errno;
    return result(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

int ostler_set_cloexec(int fd, int on) {
    return result(fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0));
}

int ostler_set_pipe_size(int fd, int bytes) {
    return result(fcntl(fd, F_SETPIPE_SZ, bytes));
}

int ostler_pidfd_open(pid_t pid) {
    return result((int)syscall(SYS_pidfd_open, pid, 0));
}

int ostler_pidfd_kill(int pidfd) {
    return result((int)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0));
}

int ostler_tmpfile(const char *directory) {
    return result(open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

ssize_t ostler_send(int fd, const void *first, size_t first_count, const void *second, size_t second_count,
                    const int *fds, int fd_count) {
    struct iovec parts[2] = {{(void *)first, first_count}, {(void *)second, second_count}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = second_count > 0 ? 2 : 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(8 * sizeof(int))];
    } control;
    if (fd_count > 8) return -EINVAL;
    if (fd_count > 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE((size_t)fd_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN((size_t)fd_count * sizeof(int));
        __builtin_memcpy(CMSG_DATA(header), fds, (size_t)fd_count * sizeof(int));
    }
    ssize_t sent;
    do {
        sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

static int take_fds(struct msghdr *message, int *fds, int room) {
    int count = 0, lost = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int found = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        const int *values = (const int *)CMSG_DATA(header);
        for (int i = 0; i < found; i++) {
            if (count < room) {
                fds[count++] = values[i];
            } else {
                close(values[i]);
                lost = 1;
            }
        }
    }
    if (!lost) return count;
    while (count > 0) close(fds[--count]);
    return -1;
}

ssize_t ostler_recv(int fd, void *buffer, size_t capacity, int *fds, int *fd_count) {
    struct iovec part = {buffer, capacity};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(8 * sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    ssize_t received;
    do {
        received = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (received < 0 && errno == EINTR);
    if (received < 0) {
        *fd_count = 0;
        return -errno;
    }
    int taken = take_fds(&message, fds, *fd_count);
    *fd_count = taken > 0 ? taken : 0;
    if (taken >= 0 && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) return received;
    while (*fd_count > 0) close(fds[--*fd_count]);
    return -EMSGSIZE;
}

int64_t ostler_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int ostler_wait_status(pid_t pid, int *status, int no_hang) {
    pid_t found;
    do {
        found = waitpid(pid, status, no_hang ? WNOHANG : 0);
    } while (found < 0 && errno == EINTR);
    return found < 0 ? -errno : found;
}

int ostler_terminal_columns(int fd) {
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

int ostler_unread_bytes(int fd) {
    int count = 0;
    return ioctl(fd, FIONREAD, &count) == 0 ? count : 0;
}

int ostler_open_in_root(int root, const char *path, int flags) {
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    int file;
    // A rename or mount anywhere while the kernel follows a `..` makes it say EAGAIN: openat2(2).
    for (int tries = 0; tries < 128; tries++) {
        file = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
        if (file >= 0 || errno != EAGAIN) break;
    }
    return result(file);
}

int ostler_create_file(int directory, const char *name, int flags) {
    return result(openat(directory, name, flags | O_CREAT | O_CLOEXEC, 0600));
}

int ostler_nameless_file(const char *directory) {
    int file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return file >= 0 ? file : -errno;
    // A file system without such files: the name lives for a moment.
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/ostler-spool-XXXXXX", directory);
    if (length < 0 || (size_t)length >= sizeof path) return -ENAMETOOLONG;
    file = mkostemp(path, O_CLOEXEC);
    if (file < 0) return -errno;
    unlink(path);
    return file;
}
