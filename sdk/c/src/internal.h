// What the parts of ostler_plugin share. Not for plugins.
#ifndef OSTLER_PLUGIN_INTERNAL_H
#define OSTLER_PLUGIN_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "../ostler_plugin.h"
#include "ostler_launch_client.h"

enum {
    PROTOCOL = 0,
    LAUNCH_FD = 3,
    PIECE = 65536,           // bytes of output in one message, before any encoding (M26)
    BOUND = 256 * 1024,      // unwritten bytes at which a task has to wait; answers never do (M8)
    PARTING_MS = 500,        // for cancelled tasks after the session's end; the host waits a second (M37)
    TASK_STACK = 512 * 1024, // each task has a thread
};

struct launch;

struct ostler_task {
    struct session *session;
    struct ostler_task *next;
    char *id, *request_id;
    json_t *request, *payload;
    ostler_handler execute;
    struct timespec end; // by the monotonic clock; tv_sec 0 for none
    // Held while something of the task is sent, which may take long; `answered` changes under both locks.
    pthread_mutex_t sending;
    // Never held for long, since the reader of requests takes it; `changed` is told of credit, cancel and the answer.
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool has_credit, cancelled, answered;
    json_int_t credit, sequence;
    json_t *error, *metadata, *usage;
    int signal;
};

struct session {
    const ostler_plugin *plugin;
    json_t *config;
    size_t frame_bytes, piece_bytes;
    // The open tasks, under `lock`; `emptied` is told when one is gone.
    pthread_mutex_t lock;
    pthread_cond_t emptied;
    struct ostler_task *tasks;
    // What is unwritten, under `write_lock`; `unwritten` is told of bytes to write, `written` of room.
    pthread_mutex_t write_lock;
    pthread_cond_t unwritten, written;
    char *queue;
    size_t queue_size, queue_room, pending;
    bool closing, broken;
    int output;
    pthread_t writer;
    // Launches, under `launch_lock`; `launch_changed` is told of each event.
    bool can_launch, channel_open;
    pthread_mutex_t launch_lock;
    pthread_cond_t launch_changed;
    struct launch *launches;
    uint64_t last_launch;
};

// One launch: what has been heard of it.
struct launch {
    struct launch *next;
    uint64_t number;
    bool launched, ended;
    struct ostler_client_event start, end;
};

// write.c

// Ends the process: nothing can be done without memory or threads.
void fatal(const char *what) __attribute__((noreturn));
void *must(void *memory);
// A condition whose waits end by the monotonic clock.
void init_condition(pthread_cond_t *condition);
struct timespec from_now(double seconds);
// The thread that writes; its argument is the session.
void *drain(void *argument);
// Queues a message, whose reference it takes over. A bounded one waits while much is unwritten.
void send_message(struct session *session, json_t *message, bool bounded);
void notify(ostler_task *task, const char *method, json_t *params);
// Answers a request with `result` or `error`, whose reference it takes over.
void answer(struct session *session, const char *id, const char *member, json_t *body);
void refuse(struct session *session, const char *id, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void set_text(json_t *object, const char *key, const char *text);

// tasks.c

struct ostler_task *find_task(struct session *session, const char *id);
// Executes the task of these parameters, from which the payload is taken, in a thread.
void start_task(struct session *session, const char *id, json_t *params, const ostler_executor *executor);
// Asks a task to end, under the session's lock; the state for the host.
const char *cancel_task(struct ostler_task *task);

// commands.c

// The thread that hears of launches; its argument is the session.
void *watch_launches(void *argument);

// requests.c

// False after the request that ends the session.
bool handle(struct session *session, const json_t *message);

#endif
