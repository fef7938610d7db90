#include <string.h>

#include "ostler_plugin.h"

static int echo(ostler_task *task, json_t *payload) {
    const char *text = json_string_value(json_object_get(payload, "text"));
    ostler_write(task, OSTLER_STDOUT, text, strlen(text));
    return 0;
}

int main(void) {
    const ostler_executor executors[] = {{"echo", echo}, {NULL, NULL}};
    return ostler_plugin_run(&(ostler_plugin){.name = "echo", .version = "0.1.0", .executors = executors});
}
