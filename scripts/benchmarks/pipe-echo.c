// The floor of a call to another process: a line of 200 bytes over two pipes and back, C at both ends.
//     pipe-echo ROUNDS DEPTH      prints the median round trip in ns and messages per second
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 200, MOST = 1 << 16 };

static long now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void put(int fd, const char *bytes, long count) {
    while (count > 0) {
        ssize_t wrote = write(fd, bytes, (size_t)count);
        if (wrote <= 0) exit(1);
        bytes += wrote;
        count -= wrote;
    }
}

static void echo(int in, int out) {
    static char buffer[MOST];
    ssize_t count;
    while ((count = read(in, buffer, sizeof buffer)) > 0) put(out, buffer, count);
    exit(0);
}

static int by_value(const void *a, const void *b) {
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

static void exchange(int to, int from, const char *lines, long bytes) {
    static char buffer[MOST];
    put(to, lines, bytes);
    for (long got = 0; got < bytes;) {
        ssize_t count = read(from, buffer, sizeof buffer);
        if (count <= 0) exit(1);
        got += count;
    }
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    long rounds = atol(argv[1]), depth = atol(argv[2]);
    int there[2], back[2];
    if (pipe2(there, O_CLOEXEC) || pipe2(back, O_CLOEXEC)) return 1;
    if (fork() == 0) {
        close(there[1]);
        echo(there[0], back[1]);
    }
    char *lines = malloc((size_t)(LINE * depth));
    memset(lines, 'x', (size_t)(LINE * depth));
    for (long i = 1; i <= depth; i++) lines[i * LINE - 1] = '\n';
    long *times = calloc((size_t)rounds, sizeof(long)), start = now_ns();
    for (long i = 0; i < rounds; i++) {
        long before = now_ns();
        exchange(there[1], back[0], lines, LINE * depth);
        times[i] = now_ns() - before;
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    qsort(times, (size_t)rounds, sizeof(long), by_value);
    printf("{\"p50_ns\": %ld, \"p90_ns\": %ld, \"per_second\": %.0f}\n", times[rounds / 2], times[rounds * 9 / 10],
           (double)(rounds * depth) / seconds);
    return 0;
}
