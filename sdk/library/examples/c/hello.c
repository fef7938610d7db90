#include "ostler_executor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// The payload has been checked by the manifest's schema: a member's name stands in it once, with a number behind it.
static long number(const char *payload, const char *name, long absent) {
    const char *found = strstr(payload, name);
    return found ? strtol(strchr(found, ':') + 1, NULL, 10) : absent;
}

// Waits in short steps, and no longer than until the task is cancelled.
static void wait_for(const struct ostler_task *task, long seconds) {
    const struct timespec step = {.tv_nsec = 20 * 1000 * 1000};
    for (long steps = seconds * 50; steps > 0 && !task->cancelled(task); steps--) nanosleep(&step, NULL);
}

static int execute(void *state, const struct ostler_task *task) {
    (void)state;
    long count = number(task->payload, "\"times\"", 1), pause = number(task->payload, "\"pause\"", 0), done = 0;
    while (done < count && !task->cancelled(task)) {
        task->output(task, OSTLER_STDOUT, "hello\n", 6);
        task->progress(task, (double)++done, (double)count, "greeting");
        wait_for(task, pause);
    }
    char result[64];
    int length = snprintf(result, sizeof result, "{\"greeted\":%ld}", done);
    task->result(task, result, (size_t)length);
    return done == count ? 0 : 1;
}

static int health(void *state, char *detail, size_t capacity) {
    (void)state;
    snprintf(detail, capacity, "ready to greet");
    return 0;
}

const struct ostler_executor *ostler_executor(uint32_t abi) {
    static const struct ostler_executor executor = {
        .size = sizeof executor, .abi = OSTLER_EXECUTOR_ABI, .execute = execute, .health = health};
    return abi == OSTLER_EXECUTOR_ABI ? &executor : NULL;
}
