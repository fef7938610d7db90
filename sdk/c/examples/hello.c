// cc -shared -fPIC -I .. -o lib/libhello.so hello.c
#include "ostler_executor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The payload has been checked by the manifest's schema, so a search finds the one number that it can hold.
static long times(const char *payload) {
    const char *found = strstr(payload, "\"times\"");
    return found ? strtol(strchr(found, ':') + 1, NULL, 10) : 1;
}

static int execute(void *state, const struct ostler_task *task) {
    (void)state;
    long count = times(task->payload), done = 0;
    while (done < count && !task->cancelled(task)) {
        task->output(task, OSTLER_STDOUT, "hello\n", 6);
        task->progress(task, (double)++done, (double)count, "greeting");
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
