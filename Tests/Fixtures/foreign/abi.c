// A library whose structure is wrong in the way that the compiler is told by -DFAULT=NUMBER.
#include "ostler_executor.h"

#include <stdio.h>

static int execute(void *state, const struct ostler_task *task) {
    (void)state;
    // What is no JSON, no stream and no level is refused, and the task goes on.
    if (task->result(task, "{", 1) != -1 || task->output(task, 7, "x", 1) != -1 || task->log(task, 9, "x") != -1) return 3;
    if (task->size < sizeof *task || task->attempt != 1 || task->remaining_ms < 0) return 4;
    if (task->result(task, "1", 1) || task->result(task, "{\"last\":true}", 13)) return 5;
    if (task->log(task, 2, "a warning")) return 6;
    return task->fail(task, "no_luck_today", "there was no luck") ? 7 : FAULT == 5 ? 0 : 42;
}

static int refuses(const char *config, size_t length, void **state, char *error, size_t capacity) {
    (void)state;
    snprintf(error, capacity, "the config of %zu bytes is not liked: %.1s", length, config);
    return 1;
}

#if FAULT != 4
const struct ostler_executor *ostler_executor(uint32_t abi) {
    static struct ostler_executor executor = {
        .size = sizeof executor, .abi = OSTLER_EXECUTOR_ABI, .execute = execute};
    if (FAULT == 1) executor.abi = 0;
    if (FAULT == 2) executor.size = 16;
    if (FAULT == 3) executor.open = refuses;
    if (FAULT == 6) executor.execute = NULL;
    return FAULT == 7 || abi != OSTLER_EXECUTOR_ABI ? NULL : &executor;
}
#endif
