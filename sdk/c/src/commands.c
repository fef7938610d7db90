#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct launch *find_launch(struct session *session, uint64_t number) {
    struct launch *launch = session->launches;
    while (launch && launch->number != number) launch = launch->next;
    return launch;
}

void *watch_launches(void *argument) {
    struct session *session = argument;
    struct ostler_client_event event;
    while (ostler_client_receive(LAUNCH_FD, &event, 1) == 1) {
        pthread_mutex_lock(&session->launch_lock);
        struct launch *launch = find_launch(session, event.number);
        if (event.kind == OSTLER_CLIENT_LAUNCHED && launch) {
            launch->launched = true;
            launch->start = event;
        } else if (event.kind == OSTLER_CLIENT_LAUNCHED) {
            close(event.out_fd);
            close(event.err_fd);
            if (event.in_fd >= 0) close(event.in_fd);
        } else if (launch) {
            launch->ended = true;
            launch->end = event;
        }
        pthread_cond_broadcast(&session->launch_changed);
        pthread_mutex_unlock(&session->launch_lock);
    }
    pthread_mutex_lock(&session->launch_lock);
    session->channel_open = false;
    pthread_cond_broadcast(&session->launch_changed);
    pthread_mutex_unlock(&session->launch_lock);
    return NULL;
}

// Waits until a launch has ended, or only has begun; takes what is known of it. Nothing is heard of it any more then.
static void await_launch(struct session *session, struct launch *launch, bool end) {
    pthread_mutex_lock(&session->launch_lock);
    while (session->channel_open && !launch->ended && (end || !launch->launched))
        pthread_cond_wait(&session->launch_changed, &session->launch_lock);
    if (!launch->ended && (end || !launch->launched)) {
        launch->ended = true;
        launch->end = (struct ostler_client_event){
            .kind = OSTLER_CLIENT_FAILED, .stage = 1, .err = EPIPE, .layer = -1, .detail = "the launch channel is closed"};
    }
    pthread_mutex_unlock(&session->launch_lock);
}

static void forget_launch(struct session *session, struct launch *launch) {
    pthread_mutex_lock(&session->launch_lock);
    struct launch **link = &session->launches;
    while (*link != launch) link = &(*link)->next;
    *link = launch->next;
    pthread_mutex_unlock(&session->launch_lock);
    free(launch);
}

// The task fails since a command was not started.
static void fail_launch(ostler_task *task, const char *program, const struct ostler_client_event *event) {
    enum { REQUEST = 1, DIRECTORY = 16, PROGRAM = 17 };
    const char *code = "launch_failed", *fault = "sandbox";
    if (event->stage == PROGRAM && event->err == EPERM) code = "command_denied", fault = "user";
    else if (event->stage == PROGRAM && event->err == ENOENT) code = "command_not_found", fault = "user";
    else if (event->stage == PROGRAM) code = "command_not_executable", fault = "user";
    else if (event->stage == DIRECTORY) code = "working_dir_not_usable", fault = "user";
    else if (event->stage == REQUEST) fault = "executor";
    char message[1024];
    snprintf(message, sizeof message, "%s was not started: %s: stage %d, %s", program, event->detail, event->stage,
             strerrordesc_np(event->err));
    ostler_fail(task, &(ostler_failure){.message = message, .code = code, .fault = fault, .side_effects = "none"});
}

bool ostler_launch(ostler_task *task, ostler_command *command, const char *const *argv, const char *const *environment,
                   const char *directory, ostler_input input) {
    struct session *session = task->session;
    const json_t *number = json_object_get(task->request, "launch");
    if (!session->can_launch || !number) {
        ostler_fail(task, &(ostler_failure){.message = "this plugin was not granted to launch commands",
                                            .code = "launch_not_granted",
                                            .fault = "executor",
                                            .side_effects = "none",
                                            .hint = "say needs: {launch: true} in plugin.yaml"});
        return false;
    }
    struct launch *launch = must(calloc(1, sizeof *launch));
    pthread_mutex_lock(&session->launch_lock);
    launch->number = ++session->last_launch;
    launch->next = session->launches;
    session->launches = launch;
    pthread_mutex_unlock(&session->launch_lock);
    struct ostler_client_request request = {.task = (uint64_t)json_integer_value(number),
                                            .argv = argv,
                                            .envp = environment,
                                            .directory = directory,
                                            .stdin_from = (enum ostler_client_stdin)input};
    int status = ostler_client_launch(LAUNCH_FD, launch->number, &request);
    if (status == 0) await_launch(session, launch, false);
    if (status == 0 && launch->launched) {
        *command = (ostler_command){launch->start.out_fd, launch->start.err_fd, launch->start.in_fd, launch->number, task};
        return true;
    }
    if (status != 0)
        launch->end = (struct ostler_client_event){.stage = 1, .err = -status, .detail = "the request could not be sent"};
    fail_launch(task, argv[0] ? argv[0] : "a command without a name", &launch->end);
    forget_launch(session, launch);
    return false;
}

void ostler_command_signal(const ostler_command *command, int signal) {
    ostler_client_signal(LAUNCH_FD, command->number, signal);
}

int ostler_command_wait(ostler_command *command) {
    ostler_task *task = command->task;
    struct session *session = task->session;
    pthread_mutex_lock(&session->launch_lock);
    struct launch *launch = find_launch(session, command->number);
    pthread_mutex_unlock(&session->launch_lock);
    await_launch(session, launch, true);
    int *descriptors[] = {&command->out, &command->err, &command->in};
    for (int index = 0; index < 3; index++) {
        if (*descriptors[index] >= 0) close(*descriptors[index]);
        *descriptors[index] = -1;
    }
    const struct ostler_client_event *end = &launch->end;
    int code = OSTLER_FAILED;
    if (end->kind == OSTLER_CLIENT_EXITED) {
        pthread_mutex_lock(&task->lock);
        json_decref(task->usage);
        task->usage = must(json_pack("{s:I, s:I, s:I, s:I}", "user_us", (json_int_t)end->user_us, "system_us",
                                     (json_int_t)end->system_us, "wall_us", (json_int_t)end->wall_us, "peak_bytes",
                                     (json_int_t)end->peak_bytes));
        task->signal = WIFSIGNALED(end->status) ? WTERMSIG(end->status) : 0;
        if (task->signal == 0) code = WEXITSTATUS(end->status);
        pthread_mutex_unlock(&task->lock);
    } else {
        fail_launch(task, "the command", end);
    }
    forget_launch(session, launch);
    return code;
}

struct pump {
    ostler_task *task;
    int fd;
    ostler_stream stream;
};

static void *pump_output(void *argument) {
    const struct pump *pump = argument;
    char *piece = must(malloc(PIECE));
    for (;;) {
        ssize_t size = read(pump->fd, piece, PIECE);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) break;
        ostler_write(pump->task, pump->stream, piece, (size_t)size);
    }
    free(piece);
    return NULL;
}

// KEY=VALUE for each variable of the task, ended by NULL.
static char **variables(const ostler_task *task) {
    json_t *env = json_object_get(task->request, "env");
    char **list = must(calloc(json_object_size(env) + 1, sizeof *list)), **at = list;
    const char *key;
    json_t *value;
    json_object_foreach(env, key, value) {
        if (asprintf(at++, "%s=%s", key, json_string_value(value)) < 0) fatal("out of memory");
    }
    return list;
}

int ostler_run(ostler_task *task, const char *const *argv) {
    char **environment = variables(task);
    bool has_stdin = json_is_true(json_object_get(task->request, "stdin"));
    ostler_command command;
    bool launched = ostler_launch(task, &command, argv, (const char *const *)environment, NULL,
                                  has_stdin ? OSTLER_INPUT_TASK : OSTLER_INPUT_NULL);
    for (char **at = environment; *at; at++) free(*at);
    free(environment);
    if (!launched) return OSTLER_FAILED;
    struct pump err = {task, command.err, OSTLER_STDERR}, out = {task, command.out, OSTLER_STDOUT};
    pthread_t thread;
    if (pthread_create(&thread, NULL, pump_output, &err) != 0) fatal("no thread can be started");
    pump_output(&out);
    pthread_join(thread, NULL);
    int code = ostler_command_wait(&command);
    return ostler_is_cancelled(task) ? OSTLER_CANCELLED : code;
}
