// Times start and exit of a program through a resident launcher, interleaved with vfork + exec and, if a command line
// follows, with that one (bwrap …). Prints one JSON object; times are in microseconds.
//     launch-times [-u FIRST_UID] [-m MEBIBYTES] LAUNCHER PLAN VIEW_PROGRAM PROGRAM ROUNDS [-- COMMAND...]
// -u: two that run at once need other ids. -m: holds that much written memory, as a large host would.
// PLAN is a file with the bytes of a plan (ostler-bench plan). The program is given by its path in the
// view and by that on the host.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ostler_launch.h"

extern char **environ;

static double now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int control;
static uint64_t next_id;

static void transmit(struct ostler_header header, const void *body, size_t size, const void *tail, const int *fds,
                     unsigned count) {
    char space[CMSG_SPACE(sizeof(int) * 3)] = {0};
    header.tail = (uint32_t)(tail ? strlen(tail) + 1 : 0);
    struct iovec parts[] = {{&header, sizeof header}, {(void *)body, size}, {(void *)tail, header.tail}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    if (count) {
        message.msg_control = space;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(part), fds, sizeof(int) * count);
    }
    if (sendmsg(control, &message, 0) < 0) perror("sendmsg"), exit(1);
}

static uint16_t await(uint16_t op, char *buffer, size_t size) {
    for (;;) {
        ssize_t got = recv(control, buffer, size, 0);
        struct ostler_header *header = (void *)buffer;
        if (got <= 0) fprintf(stderr, "launcher gone\n"), exit(1);
        if (header->op == OSTLER_EV_FAILED) {
            struct ostler_failed *failed = (void *)(header + 1);
            fprintf(stderr, "failed: stage %s errno %d: %.*s\n", ostler_stage_name(failed->stage), failed->err,
                    (int)header->tail, (char *)(failed + 1));
            exit(1);
        }
        if (header->op == op) return op;
    }
}

static void send_plan(const char *path) {
    static char bytes[65536], buffer[4096];
    int file = open(path, O_RDONLY);
    ssize_t size = read(file, bytes, sizeof bytes);
    struct ostler_header header = {.op = OSTLER_OP_PLAN, .id = 1, .tail = (uint32_t)size};
    struct iovec parts[] = {{&header, sizeof header}, {bytes, (size_t)size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (sendmsg(control, &message, 0) < 0) perror("plan"), exit(1);
    await(OSTLER_EV_PLAN_READY, buffer, sizeof buffer);
}

static double exited_us, reaped_us;

static void run_launcher(const char *program) {
    static char buffer[4096];
    static int fds[3] = {-1, -1, -1};
    if (fds[0] < 0) fds[0] = fds[1] = fds[2] = open("/dev/null", O_RDWR);
    double start = now_us();
    struct ostler_spawn body = {.plan = 1, .argc = 1};
    transmit((struct ostler_header){.op = OSTLER_OP_SPAWN, .id = ++next_id}, &body, sizeof body, program, fds, 3);
    await(OSTLER_EV_EXITED, buffer, sizeof buffer);
    exited_us = now_us() - start;
    await(OSTLER_EV_REAPED, buffer, sizeof buffer);
    reaped_us = now_us() - start;
}

static double run_command(char *const *argv) {
    double start = now_us();
    pid_t pid = vfork();
    if (pid == 0) {
        execve(argv[0], argv, environ);
        _exit(127);
    }
    int status;
    waitpid(pid, &status, 0);
    if (status) fprintf(stderr, "%s: status %d\n", argv[0], status);
    return now_us() - start;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(const char *name, double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    printf("\"%s\": {\"p10\": %.1f, \"p50\": %.1f, \"p90\": %.1f}, ", name, values[count / 10], values[count / 2],
           values[count * 9 / 10]);
}

static void hold_memory(size_t mebibytes) {
    char *memory = malloc(mebibytes << 20);
    if (!memory) perror("malloc"), exit(1);
    memset(memory, 1, mebibytes << 20);
}

int main(int argc, char **argv) {
    const char *first_uid = "300000";
    int option;
    while ((option = getopt(argc, argv, "+u:m:")) != -1) {
        if (option == 'u') first_uid = optarg;
        else if (option == 'm') hold_memory((size_t)atoi(optarg));
        else return 2;
    }
    argc -= optind - 1;
    argv += optind - 1;
    if (argc < 6) return 2;
    int ends[2], rounds = atoi(argv[5]);
    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
    pid_t launcher = vfork();
    if (launcher == 0) {
        dup2(ends[1], OSTLER_CONTROL_FD);
        execl(argv[1], argv[1], "bench", first_uid, "500", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    control = ends[0];
    send_plan(argv[2]);
    double *times[4];
    for (int i = 0; i < 4; i++) times[i] = calloc((size_t)rounds, sizeof(double));
    char **peer = argc > 7 ? argv + 7 : NULL;
    for (int i = -20; i < rounds; i++) {
        double floor = run_command((char *[]){argv[4], NULL});
        run_launcher(argv[3]);
        double other = peer ? run_command(peer) : 0;
        if (i < 0) continue;
        times[0][i] = floor;
        times[1][i] = exited_us;
        times[2][i] = reaped_us;
        times[3][i] = other;
    }
    printf("{");
    print("floor", times[0], rounds);
    print("exited", times[1], rounds);
    print("reaped", times[2], rounds);
    if (peer) print("peer", times[3], rounds);
    double start = now_us();
    for (int i = 0; i < rounds; i++) run_launcher(argv[3]);
    double rate = rounds / ((now_us() - start) / 1e6);
    close(control);
    struct rusage usage;
    wait4(launcher, NULL, 0, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    printf("\"per_second\": %.0f, \"cpu_us\": %.0f, \"rss_kib\": %ld}\n", rate, cpu / (2.0 * rounds + 20),
           usage.ru_maxrss);
    return 0;
}
