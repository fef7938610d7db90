/*
 * An Ostler plugin as a shared object: kind `library`.
 *
 * The manifest says `kind: library` and `entry: {library: lib/libexample.so}`; the library has one function that is
 * looked up by name:
 *
 *     const struct ostler_executor *ostler_executor(uint32_t abi);
 *
 * `ostler-shim`, in the sandbox of the plugin, loads the library, speaks the protocol with the host, and calls what that
 * function returns. Text is UTF-8, ended by NUL; lengths do not count the NUL. JSON goes in and out as text.
 *
 * Versions. `abi` is the version that the shim speaks, OSTLER_EXECUTOR_ABI of its header. The library returns a structure
 * with the version that it was compiled with in `abi` and its size in `size`, or NULL if it cannot do with the shim's.
 * A new member is added at the end and raises no version: each side looks only at what `size` of the other says is
 * there. A change that an older side would misread raises the version, and the shim refuses a library of another one.
 *
 * Threads. `open`, `execute` and `close` are called one at a time, not always on the same thread. `cancel` and `health`
 * are called on another one while `execute` runs, and only if the manifest declares the feature. The functions of
 * `struct ostler_task` may be called on any thread until `execute` returns.
 *
 * A crash ends the process and is the outcome of the task; standard output is standard error, which is kept for people.
 */
#ifndef OSTLER_EXECUTOR_H
#define OSTLER_EXECUTOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OSTLER_EXECUTOR_ABI 1

#define OSTLER_STDOUT 1
#define OSTLER_STDERR 2

/* A task, for as long as `execute` runs. The functions return 0, or -1 if the call made no sense: an unknown stream, a
 * result that is no JSON, anything after `execute` has returned. */
struct ostler_task {
    size_t size;              /* of this structure, in bytes */
    const char *id;           /* unique among the tasks of the process */
    const char *executor;     /* which of the manifest's executors */
    const char *payload;      /* JSON, checked against the executor's schema */
    size_t payload_length;
    int64_t remaining_ms;     /* of the time limit, when the task was sent; -1 without one */
    uint32_t attempt;         /* from 1 */

    /* Adds to the task's output, of OSTLER_STDOUT or OSTLER_STDERR. Waits while the host does not take it. */
    int (*output)(const struct ostler_task *task, int stream, const void *bytes, size_t length);
    /* How far the task is, for people; `total` below 0 if it is not known, `message` may be NULL. */
    int (*progress)(const struct ostler_task *task, double value, double total, const char *message);
    /* A line for the host's log; level 0 debug, 1 info, 2 warning, 3 error. */
    int (*log)(const struct ostler_task *task, int level, const char *message);
    /* The value that the task is for: one JSON value, the last one counts. */
    int (*result)(const struct ostler_task *task, const char *json, size_t length);
    /* Why the task fails: a code in snake_case that stays the same, and a sentence. `execute` must return another value
     * than 0 then. */
    int (*fail)(const struct ostler_task *task, const char *code, const char *message);
    /* Whether the task is to end soon. */
    int (*cancelled)(const struct ostler_task *task);
};

/* What a library offers. */
struct ostler_executor {
    size_t size;              /* sizeof(struct ostler_executor) */
    uint32_t abi;             /* OSTLER_EXECUTOR_ABI */

    /* Called once before the first task, if it is not NULL. `config` is a JSON object with what the host's configuration
     * says for each executor. Sets *state, which every other call gets; returns 0, or another value with the reason in
     * `error`, ended by NUL, and then no task is taken. */
    int (*open)(const char *config, size_t length, void **state, char *error, size_t error_capacity);
    /* Does a task. 0 is success; what is from 1 to 255 is the exit code of a task that failed. Required. */
    int (*execute)(void *state, const struct ostler_task *task);
    /* Told that a task is to end soon; may be NULL: `cancelled` of the task tells it as well. */
    void (*cancel)(void *state, const char *task);
    /* 0 healthy, 1 degraded, 2 unhealthy; a detail, ended by NUL, may be written. May be NULL: healthy then. */
    int (*health)(void *state, char *detail, size_t detail_capacity);
    /* Called once when no more tasks come; may be NULL. */
    void (*close)(void *state);
};

/* What every library must have. */
const struct ostler_executor *ostler_executor(uint32_t abi);

#ifdef __cplusplus
}
#endif

#endif
