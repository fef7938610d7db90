#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ostler_launch_client.h"
#include "ostler_sh_launch.h"

// As shells have it.
enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127, SIGNALLED = 128, STAGE_PROGRAM = 17 };

// Bytes on their way from one descriptor to another.
struct pump {
    int from, to; // -1 once there is nothing more to read; to write to
    char bytes[1 << 16];
    size_t start, end;
};

// Their descriptors are set when the command is launched.
static struct pump in, out, err;

static void shut(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void pump_in(struct pump *pump) {
    ssize_t size = read(pump->from, pump->bytes, sizeof pump->bytes);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
    pump->start = 0;
    pump->end = size > 0 ? (size_t)size : 0;
    if (size <= 0) shut(&pump->from);
}

static void pump_out(struct pump *pump) {
    ssize_t size = write(pump->to, pump->bytes + pump->start, pump->end - pump->start);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (size < 0) {
        // Nobody reads it any more, and whoever writes it is to notice, as in any pipe.
        pump->start = pump->end;
        shut(&pump->from);
        return;
    }
    pump->start += (size_t)size;
}

static bool is_full(const struct pump *pump) { return pump->start < pump->end; }

// What a pump waits for; -1 for nothing.
static struct pollfd wish(const struct pump *pump) {
    if (is_full(pump)) return (struct pollfd){.fd = pump->to, .events = POLLOUT};
    return (struct pollfd){.fd = pump->from, .events = POLLIN};
}

static void step(struct pump *pump, short happened) {
    if (!happened) return;
    if (is_full(pump)) pump_out(pump);
    else pump_in(pump);
}

// Where the command's input comes from: what stands before it in a pipe, else the submitter's stream.
static enum ostler_client_stdin source(bool has_stream) {
    struct stat status;
    bool is_null = fstat(STDIN_FILENO, &status) != 0
        || (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3));
    if (!is_null) return OSTLER_CLIENT_STDIN_PIPE;
    return has_stream ? OSTLER_CLIENT_STDIN_TASK : OSTLER_CLIENT_STDIN_NULL;
}

static int failed(const struct ostler_client_event *event, const char *file) {
    FILE *stream = fopen(file, "we");
    if (stream) {
        fprintf(stream, "%d %d %s\n%s\n", event->stage, event->err, event->detail[0] ? event->detail : "-",
                strerror(event->err));
        fclose(stream);
    }
    return event->stage == STAGE_PROGRAM && event->err == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
}

static void launched(const struct ostler_client_event *event) {
    out.from = event->out_fd;
    err.from = event->err_fd;
    in.to = event->in_fd;
    if (in.to < 0) return;
    in.from = STDIN_FILENO;
    fcntl(in.to, F_SETFL, O_NONBLOCK);
}

static void pass_signal(int signals, int connection) {
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) == sizeof info) ostler_client_signal(connection, 1, (int)info.ssi_signo);
}

// Hands everything on until the command has ended and its output has been read.
static int relay(int connection, int signals, const char *file) {
    struct ostler_client_event event;
    int code = -1;
    in.from = in.to = out.from = err.from = -1;
    out.to = STDOUT_FILENO;
    err.to = STDERR_FILENO;
    while (code < 0 || out.from >= 0 || err.from >= 0 || is_full(&out) || is_full(&err)) {
        struct pollfd entries[] = {
            {.fd = code < 0 ? connection : -1, .events = POLLIN}, {.fd = signals, .events = POLLIN}, wish(&in),
            wish(&out), wish(&err)};
        if (poll(entries, 5, -1) < 0 && errno != EINTR) return NOT_EXECUTABLE;
        if (entries[1].revents) pass_signal(signals, connection);
        step(&in, entries[2].revents);
        if (in.from < 0 && !is_full(&in)) shut(&in.to);
        step(&out, entries[3].revents);
        step(&err, entries[4].revents);
        if (!entries[0].revents) continue;
        if (ostler_client_receive(connection, &event, 0) != 1) {
            fprintf(stderr, "ostler-sh-launch: the launch channel is closed\n");
            return NOT_EXECUTABLE;
        }
        if (event.kind == OSTLER_CLIENT_FAILED) return failed(&event, file);
        if (event.kind == OSTLER_CLIENT_LAUNCHED) launched(&event);
        if (event.kind != OSTLER_CLIENT_EXITED) continue;
        code = WIFSIGNALED(event.status) ? SIGNALLED + WTERMSIG(event.status) : WEXITSTATUS(event.status);
        shut(&in.from);
        shut(&in.to);
        in.start = in.end;
    }
    return code;
}

static int connection_to(const char *path) {
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || !socket_address(path, &address)) return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    perror("ostler-sh-launch: connect");
    return -1;
}

// Signals that come for this process are meant for the command.
static int own_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int run(const char *path, char **words) {
    struct ostler_client_request request = {.task = strtoull(words[0], NULL, 10)};
    bool has_stream = words[1] && strcmp(words[1], "task") == 0;
    const char *file = words[1] ? words[2] : NULL;
    char **rest = file ? words + 3 : NULL;
    if (rest && rest[0] && rest[1] && strcmp(rest[0], "-C") == 0) {
        request.directory = rest[1];
        rest += 2;
    }
    char **environment = rest;
    while (rest && *rest && strcmp(*rest, "--") != 0) rest++;
    if (!rest || !*rest || !rest[1]) {
        fprintf(stderr, "launch: which command?\n");
        return 2;
    }
    *rest = NULL;
    request.envp = (const char *const *)environment;
    request.argv = (const char *const *)rest + 1;
    request.stdin_from = source(has_stream);
    // With the shell that waits for it the command ends, too.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return NOT_EXECUTABLE;
    int signals = own_signals(), connection = connection_to(path);
    if (signals < 0 || connection < 0) return NOT_EXECUTABLE;
    int result = ostler_client_launch(connection, 1, &request);
    if (result == 0) return relay(connection, signals, file);
    fprintf(stderr, "ostler-sh-launch: %s\n", strerror(-result));
    return NOT_EXECUTABLE;
}
