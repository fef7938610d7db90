#include "ostler_executor.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>

/* Waits in short steps, and no longer than until the task is cancelled; whether it was. */
static int wait_for(const struct ostler_task *task, double seconds) {
    const struct timespec step = {.tv_nsec = 20 * 1000 * 1000};
    for (double waited = 0; waited < seconds && !task->cancelled(task); waited += 0.02) nanosleep(&step, NULL);
    return task->cancelled(task);
}

static int execute(void *state, const struct ostler_task *task) {
    (void)state;
    json_t *payload = json_loadb(task->payload, task->payload_length, JSON_ALLOW_NUL, NULL);
    if (!payload) return task->fail(task, "payload_not_read", "the payload cannot be read"), 1;
    int code = wait_for(task, json_number_value(json_object_get(payload, "pause")));
    json_t *name = json_object_get(payload, "name");
    if (!code) {
        task->output(task, OSTLER_STDOUT, "hello ", 6);
        task->output(task, OSTLER_STDOUT, json_string_value(name), json_string_length(name));
        task->output(task, OSTLER_STDOUT, "\n", 1);
    }
    json_decref(payload);
    return code;
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
