#include <string.h>

#include "ostler_plugin.h"

static int hello(ostler_task *task, json_t *payload) {
    const char *name = json_string_value(json_object_get(payload, "name"));
    const json_t *times = json_object_get(payload, "times");
    double pause = json_number_value(json_object_get(payload, "pause"));
    if (strcmp(name, "nobody") == 0)
        return ostler_fail(task, &(ostler_failure){.message = "there is nobody to greet",
                                                   .code = "nobody",
                                                   .side_effects = "none",
                                                   .pointer = "/payload/name"});
    json_int_t total = times ? json_integer_value(times) : 1;
    for (json_int_t count = 1; count <= total; count++) {
        ostler_printf(task, OSTLER_STDOUT, "hello %s\n", name);
        ostler_progress(task, (double)count, (double)total, "greetings", NULL);
        if (ostler_sleep(task, pause)) return OSTLER_CANCELLED;
    }
    return 0;
}

int main(void) {
    const ostler_executor executors[] = {{"hello", hello}, {NULL, NULL}};
    return ostler_plugin_run(&(ostler_plugin){.name = "hello", .version = "0.1.0", .executors = executors});
}
