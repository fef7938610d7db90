#include <stdlib.h>

#include "ostler_plugin.h"

static int run(ostler_task *task, json_t *payload) {
    const json_t *words = json_object_get(payload, "argv");
    size_t count = json_array_size(words);
    const char **argv = calloc(count + 1, sizeof *argv);
    if (!argv) return ostler_fail(task, &(ostler_failure){.message = "no memory", .code = "no_memory", .fault = "infra"});
    for (size_t index = 0; index < count; index++) argv[index] = json_string_value(json_array_get(words, index));
    int code = ostler_run(task, argv);
    free(argv);
    return code;
}

int main(void) {
    const ostler_executor executors[] = {{"runner", run}, {NULL, NULL}};
    return ostler_plugin_run(&(ostler_plugin){.name = "runner", .version = "0.1.0", .executors = executors});
}
