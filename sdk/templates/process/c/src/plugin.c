#include "ostler_plugin.h"

static int greet(ostler_task *task, json_t *payload) {
    if (ostler_sleep(task, json_number_value(json_object_get(payload, "pause")))) return OSTLER_CANCELLED;
    ostler_printf(task, OSTLER_STDOUT, "hello %s\n", json_string_value(json_object_get(payload, "name")));
    return 0;
}

int main(void) {
    const ostler_executor executors[] = {{"@name@", greet}, {NULL, NULL}};
    return ostler_plugin_run(&(ostler_plugin){.name = "@name@", .version = "0.1.0", .executors = executors});
}
