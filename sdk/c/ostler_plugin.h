// Executor plugins for Ostler in C: a process that speaks the executor protocol, version 0.
//
// Compile src/*.c and launch/*.c with your own source, and link jansson. Each task
// runs in a thread of its own; all functions here may be called from any thread. Of C++, include it as it is.
#ifndef OSTLER_PLUGIN_H
#define OSTLER_PLUGIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

// A task that is executed. It lives until its handler returns.
typedef struct ostler_task ostler_task;

// What a handler returns: 0 for success, 1 to 2147483647 for the exit code of work that failed, or one of these.
enum {
    OSTLER_FAILED = -1,    // it failed without an exit code; ostler_fail has told why
    OSTLER_CANCELLED = -2, // it ended because the host has asked for it
};

// Executes one task. The payload has passed the schema of plugin.yaml; it belongs to the task.
typedef int (*ostler_handler)(ostler_task *task, json_t *payload);

typedef struct {
    const char *name;
    ostler_handler execute;
} ostler_executor;

typedef struct {
    const char *status; // healthy, degraded or unhealthy
    const char *detail; // a word about it, or NULL
} ostler_health;

typedef struct {
    const char *name, *version;       // those of plugin.yaml
    const ostler_executor *executors; // ended by one without a name
    ostler_health (*health)(void);    // NULL: always healthy. It is called while tasks run, and must return at once
} ostler_plugin;

// Serves the host until it says shutdown or is gone; answers the code that the process should exit with. Tasks that run
// then are cancelled and have half a second; where that is not enough, it ends the process itself.
int ostler_plugin_run(const ostler_plugin *plugin);

// The parameters of `execute` but the payload: task, run_id, principal, attempt, env, metadata and the others.
const json_t *ostler_request(const ostler_task *task);

// The executor's section of the host's config, less the keys that are the host's. An object.
const json_t *ostler_config(const ostler_task *task);

// Seconds until the task's time is up, which the host sees to; negative if it has no limit.
double ostler_remaining(const ostler_task *task);

// Whether the host has asked that the task end. Then return OSTLER_CANCELLED where stopping is safe.
bool ostler_is_cancelled(ostler_task *task);

// Waits for so many seconds, or until the task is cancelled; true if it is.
bool ostler_sleep(ostler_task *task, double seconds);

typedef enum { OSTLER_STDOUT, OSTLER_STDERR } ostler_stream;

// Output of the task, byte for byte. Waits while the host takes nothing.
void ostler_write(ostler_task *task, ostler_stream stream, const void *bytes, size_t size);
void ostler_printf(ostler_task *task, ostler_stream stream, const char *format, ...) __attribute__((format(printf, 3, 4)));

// How far the task has come. `total` may be 0 for unknown; `unit` and `message` may be NULL.
void ostler_progress(ostler_task *task, double value, double total, const char *unit, const char *message);

// A line for the operator; `level` is debug, info, warning or error.
void ostler_log(ostler_task *task, const char *level, const char *message);

// Why a task failed. What is NULL gets the value in parentheses.
typedef struct {
    const char *message;      // required: one sentence for a person
    const char *code;         // stable, snake_case (executor_error); one that ends in _denied makes the outcome `denied`
    const char *fault;        // user, task, executor, host, sandbox or infra (task)
    const char *retry;        // never, same, other_node or after (never)
    const char *side_effects; // none, possible or done (possible)
    const char *pointer;      // the JSON pointer of the member at fault, as /payload/name
    const char *hint;         // what to do
} ostler_failure;

// Says why the task fails; `return ostler_fail(…)`. The strings are copied. Answers 1.
int ostler_fail(ostler_task *task, const ostler_failure *failure);

// What the executor adds to the result, as `executor_metadata`. Takes the reference over.
void ostler_set_metadata(ostler_task *task, json_t *metadata);

// A command that was launched in a sandbox of its own, next to the plugin's. Read both outputs to their ends.
typedef struct {
    int out, err;   // the caller's to read; closed by ostler_command_wait
    int in;         // the write end of its standard input if OSTLER_STDIN was a pipe, else -1; close it at the end
    uint64_t number;
    ostler_task *task;
} ostler_command;

typedef enum { OSTLER_INPUT_NULL, OSTLER_INPUT_PIPE, OSTLER_INPUT_TASK } ostler_input;

// Starts a command for this task: `argv` is ended by NULL; `environment` holds KEY=VALUE, ended by NULL, or is NULL;
// `directory` may be NULL. False if nothing was started: the failure is the task's, return OSTLER_FAILED.
bool ostler_launch(ostler_task *task, ostler_command *command, const char *const *argv, const char *const *environment,
                   const char *directory, ostler_input input);

// Sends SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 or SIGKILL to all processes of a command.
void ostler_command_signal(const ostler_command *command, int signal);

// Waits for its end and closes what is open of it. Answers what a handler may return: the exit code, or OSTLER_FAILED
// after a death by signal, which then stands in the result together with what the command used.
int ostler_command_wait(ostler_command *command);

// Launches a command with the task's variables and the submitter's stream, hands its output on and waits for its end.
// Answers what a handler may return.
int ostler_run(ostler_task *task, const char *const *argv);

#ifdef __cplusplus
}
#endif

#endif
