#include "internal.h"

#include <stdlib.h>
#include <string.h>

static void initialize(struct session *session, const char *id, const json_t *params) {
    const json_t *versions = json_object_get(params, "protocol");
    json_int_t least = json_integer_value(json_object_get(versions, "min"));
    json_int_t most = json_integer_value(json_object_get(versions, "max"));
    if (PROTOCOL < least || PROTOCOL > most)
        return refuse(session, id, -32000, "this plugin speaks protocol %d, the host %lld to %lld", PROTOCOL,
                      (long long)least, (long long)most);
    json_int_t frame = json_integer_value(json_object_get(params, "max_frame_bytes"));
    if (frame > 4096) {
        session->frame_bytes = (size_t)frame;
        // It fits the frame even if each byte needs an escape of six.
        size_t piece = ((size_t)frame - 1024) / 6;
        session->piece_bytes = piece < PIECE ? piece : PIECE;
    }
    session->config = json_incref(json_object_get(params, "config"));
    session->can_launch = json_is_true(json_object_get(params, "launch")) && ostler_client_is_channel(LAUNCH_FD);
    pthread_t thread;
    if (session->can_launch) {
        session->channel_open = true;
        if (pthread_create(&thread, NULL, watch_launches, session) != 0) fatal("no thread can be started");
        pthread_detach(thread);
    }
    json_t *names = must(json_array());
    for (const ostler_executor *executor = session->plugin->executors; executor->name; executor++)
        json_array_append_new(names, json_string(executor->name));
    answer(session, id, "result",
           must(json_pack("{s:i, s:s, s:s, s:o, s:b}", "protocol", PROTOCOL, "name", session->plugin->name, "version",
                          session->plugin->version ? session->plugin->version : "", "executors", names, "credit", 1)));
}

static void execute(struct session *session, const char *id, json_t *params) {
    const char *task = json_string_value(json_object_get(params, "task"));
    const char *name = json_string_value(json_object_get(params, "executor"));
    if (!task || !name || !json_object_get(params, "payload"))
        return refuse(session, id, -32602, "task, executor and payload are required");
    const ostler_executor *executor = session->plugin->executors;
    while (executor->name && strcmp(executor->name, name) != 0) executor++;
    if (!executor->name) return refuse(session, id, -32602, "this plugin has no executor \"%s\"", name);
    pthread_mutex_lock(&session->lock);
    bool is_open = find_task(session, task) != NULL;
    pthread_mutex_unlock(&session->lock);
    if (is_open) return refuse(session, id, -32602, "the task \"%s\" is being executed already", task);
    start_task(session, id, params, executor);
}

static void cancel(struct session *session, const char *id, const json_t *params) {
    const char *name = json_string_value(json_object_get(params, "task"));
    pthread_mutex_lock(&session->lock);
    struct ostler_task *task = name ? find_task(session, name) : NULL;
    const char *state = task ? cancel_task(task) : "unknown";
    pthread_mutex_unlock(&session->lock);
    answer(session, id, "result", must(json_pack("{s:s}", "state", state)));
}

static void health(struct session *session, const char *id) {
    ostler_health health = session->plugin->health ? session->plugin->health() : (ostler_health){"healthy", NULL};
    json_t *body = must(json_pack("{s:s}", "status", health.status));
    set_text(body, "detail", health.detail);
    answer(session, id, "result", body);
}

static void renew(struct session *session, const json_t *params) {
    const char *name = json_string_value(json_object_get(params, "task"));
    pthread_mutex_lock(&session->lock);
    struct ostler_task *task = name ? find_task(session, name) : NULL;
    if (task) {
        pthread_mutex_lock(&task->lock);
        task->credit += json_integer_value(json_object_get(params, "bytes"));
        pthread_cond_broadcast(&task->changed);
        pthread_mutex_unlock(&task->lock);
    }
    pthread_mutex_unlock(&session->lock);
}

bool handle(struct session *session, const json_t *message) {
    const char *id = json_string_value(json_object_get(message, "id"));
    const char *method = json_string_value(json_object_get(message, "method"));
    json_t *params = json_object_get(message, "params");
    if (!method) return true;
    if (!id) {
        if (strcmp(method, "credit") == 0) renew(session, params);
        return true;
    }
    bool is_ready = session->config != NULL;
    if (strcmp(method, "shutdown") == 0) {
        answer(session, id, "result", must(json_object()));
        return false;
    }
    if (strcmp(method, "health") == 0) health(session, id);
    else if (strcmp(method, "cancel") == 0) cancel(session, id, params);
    else if (strcmp(method, "initialize") == 0 && !is_ready) initialize(session, id, params);
    else if (strcmp(method, "initialize") == 0) refuse(session, id, -32600, "\"initialize\" was answered before");
    else if (strcmp(method, "execute") == 0 && is_ready) execute(session, id, params);
    else if (strcmp(method, "execute") == 0) refuse(session, id, -32002, "the first request must be \"initialize\"");
    else refuse(session, id, -32601, "this plugin has no method \"%s\"", method);
    return true;
}
