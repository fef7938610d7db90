// Ways in which a library can misbehave; each is a function of its own, and an executor of both kinds of plugin.
#include "ostler_executor.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Volatile, so that no compiler knows better than to do as it is told.
static int *volatile nowhere;
static void *volatile kept;

int good(void) { return 0; }
int null_pointer(void) { return *nowhere; }
int wild_pointer(void) {
    nowhere = (int *)(uintptr_t)0xdeadbeef000ULL;
    return *nowhere = 1;
}
int double_free(void) {
    kept = malloc(100);
    void *volatile again = kept;
    free(kept);
    free(again);
    return 0;
}
int aborts(void) { abort(); }
int exits(void) { exit(0); }
int exits_3(void) { _exit(3); }
int loops(void) {
    for (volatile int turn = 0;; turn++) {}
}
int takes_1_gb(void) {
    // Page by page, so that it is taken and not just promised.
    for (int turn = 0; turn < 1024; turn++) {
        char *piece = malloc(1 << 20);
        if (!piece) return 1;
        memset(piece, 1, 1 << 20);
        kept = piece;
    }
    return 0;
}
static int deeper(volatile char *above, int depth) {
    volatile char here[4096];
    here[0] = above ? above[0] : 0;
    return depth < 0 ? 0 : deeper(here, depth + 1) + here[0];
}
int overflows_stack(void) { return deeper(NULL, 0); }
static void nothing(int number) { (void)number; }
int catches_signals(void) {
    for (int number = 1; number < 32; number++) signal(number, nothing);
    return 0;
}
int closes_stdout(void) { return close(1); }
int closes_everything(void) {
    for (int fd = 0; fd < 64; fd++) close(fd);
    return 0;
}
int prints(void) {
    printf("{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":{}}\nnoise\n");
    return fflush(stdout);
}
static void *runs_on(void *unused) {
    for (;;) pause();
    return unused;
}
int leaves_threads(void) {
    pthread_t thread;
    for (int count = 0; count < 4; count++) {
        if (pthread_create(&thread, NULL, runs_on, NULL)) return 1;
    }
    return 0;
}

static const struct {
    const char *name;
    int (*function)(void);
} cases[] = {
    {"good", good}, {"null_pointer", null_pointer}, {"wild_pointer", wild_pointer}, {"double_free", double_free},
    {"aborts", aborts}, {"exits", exits}, {"exits_3", exits_3}, {"loops", loops}, {"takes_1_gb", takes_1_gb},
    {"overflows_stack", overflows_stack}, {"catches_signals", catches_signals}, {"closes_stdout", closes_stdout},
    {"closes_everything", closes_everything}, {"prints", prints}, {"leaves_threads", leaves_threads},
};

static int execute(void *state, const struct ostler_task *task) {
    (void)state;
    for (size_t index = 0; index < sizeof cases / sizeof *cases; index++) {
        if (strcmp(cases[index].name, task->executor) == 0) return cases[index].function();
    }
    return 99;
}

const struct ostler_executor *ostler_executor(uint32_t abi) {
    static const struct ostler_executor executor = {
        .size = sizeof executor, .abi = OSTLER_EXECUTOR_ABI, .execute = execute};
    return abi == OSTLER_EXECUTOR_ABI ? &executor : NULL;
}
