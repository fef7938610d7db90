#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct ostler_task *find_task(struct session *session, const char *id) {
    struct ostler_task *task = session->tasks;
    while (task && strcmp(task->id, id) != 0) task = task->next;
    return task;
}

static void free_task(struct ostler_task *task) {
    json_decref(task->request);
    json_decref(task->payload);
    json_decref(task->error);
    json_decref(task->metadata);
    json_decref(task->usage);
    pthread_cond_destroy(&task->changed);
    pthread_mutex_destroy(&task->lock);
    pthread_mutex_destroy(&task->sending);
    free(task->request_id);
    free(task->id);
    free(task);
}

// The result that a handler's return value stands for; under the task's lock.
static json_t *result(struct ostler_task *task, int code) {
    bool cancelled = code == OSTLER_CANCELLED && task->cancelled;
    if (code == OSTLER_CANCELLED && !cancelled && !task->error)
        task->error = json_pack("{s:s, s:s, s:s}", "code", "executor_error", "fault", "executor", "message",
                                "the handler says that it was cancelled, which nobody has asked for");
    if (code == 0 && task->error) code = 1;
    const char *outcome = cancelled ? "cancelled" : code == 0 ? "succeeded" : "failed";
    json_t *body = must(json_pack("{s:s, s:s, s:i}", "task", task->id, "outcome", outcome, "exit_code", code < 0 ? -1 : code));
    if (task->signal && code < 0) json_object_set_new(body, "signal", json_integer(task->signal));
    if (task->usage) json_object_set(body, "usage", task->usage);
    if (task->error && !cancelled) json_object_set(body, "error", task->error);
    if (task->metadata) json_object_set(body, "metadata", task->metadata);
    return body;
}

static void *run_task(void *argument) {
    struct ostler_task *task = argument;
    struct session *session = task->session;
    int code = task->execute(task, task->payload);
    pthread_mutex_lock(&task->sending);
    pthread_mutex_lock(&task->lock);
    json_t *body = result(task, code);
    task->answered = true;
    pthread_mutex_unlock(&task->lock);
    pthread_mutex_unlock(&task->sending);
    // Whoever has read the answer must not find the task.
    pthread_mutex_lock(&session->lock);
    answer(session, task->request_id, "result", body);
    struct ostler_task **link = &session->tasks;
    while (*link != task) link = &(*link)->next;
    *link = task->next;
    free_task(task);
    pthread_cond_signal(&session->emptied);
    pthread_mutex_unlock(&session->lock);
    return NULL;
}

void start_task(struct session *session, const char *id, json_t *params, const ostler_executor *executor) {
    struct ostler_task *task = must(calloc(1, sizeof *task));
    task->session = session;
    task->id = must(strdup(json_string_value(json_object_get(params, "task"))));
    task->request_id = must(strdup(id));
    task->execute = executor->execute;
    task->payload = json_incref(json_object_get(params, "payload"));
    json_object_del(params, "payload");
    task->request = json_incref(params);
    json_t *remaining = json_object_get(params, "remaining_ms"), *credit = json_object_get(params, "credit");
    if (remaining) task->end = from_now(json_number_value(remaining) / 1000);
    task->has_credit = json_is_integer(credit);
    task->credit = json_integer_value(credit);
    pthread_mutex_init(&task->lock, NULL);
    pthread_mutex_init(&task->sending, NULL);
    init_condition(&task->changed);
    pthread_mutex_lock(&session->lock);
    task->next = session->tasks;
    session->tasks = task;
    pthread_mutex_unlock(&session->lock);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, TASK_STACK);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, run_task, task) != 0) fatal("no thread can be started for a task");
    pthread_attr_destroy(&attributes);
}

const char *cancel_task(struct ostler_task *task) {
    pthread_mutex_lock(&task->lock);
    const char *state = task->answered ? "too_late" : "cancelling";
    task->cancelled = true;
    pthread_cond_broadcast(&task->changed);
    pthread_mutex_unlock(&task->lock);
    return state;
}
