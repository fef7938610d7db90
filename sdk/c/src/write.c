#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fatal(const char *what) {
    fprintf(stderr, "ostler_plugin: %s\n", what);
    _exit(70);
}

void *must(void *memory) {
    if (!memory) fatal("out of memory");
    return memory;
}

void init_condition(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct timespec from_now(double seconds) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    if (seconds > 1e9) seconds = 1e9;
    at.tv_sec += (time_t)seconds;
    at.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    if (at.tv_nsec >= 1000000000) at.tv_sec++, at.tv_nsec -= 1000000000;
    return at;
}

static bool write_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t wrote = write(fd, bytes, size);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return false;
        bytes += wrote;
        size -= (size_t)wrote;
    }
    return true;
}

void *drain(void *argument) {
    struct session *session = argument;
    pthread_mutex_lock(&session->write_lock);
    for (;;) {
        while (session->queue_size == 0 && !session->closing) pthread_cond_wait(&session->unwritten, &session->write_lock);
        if (session->queue_size == 0) break;
        char *bytes = session->queue;
        size_t size = session->queue_size;
        session->queue = NULL;
        session->queue_size = session->queue_room = 0;
        pthread_mutex_unlock(&session->write_lock);
        bool whole = write_all(session->output, bytes, size);
        free(bytes);
        pthread_mutex_lock(&session->write_lock);
        session->pending -= size;
        if (!whole) session->broken = true;
        pthread_cond_broadcast(&session->written);
    }
    pthread_mutex_unlock(&session->write_lock);
    return NULL;
}

void send_message(struct session *session, json_t *message, bool bounded) {
    char *line = must(json_dumps(message, JSON_COMPACT));
    json_decref(message);
    size_t size = strlen(line);
    line[size++] = '\n';
    pthread_mutex_lock(&session->write_lock);
    while (bounded && session->pending > BOUND && !session->broken)
        pthread_cond_wait(&session->written, &session->write_lock);
    if (!session->broken) {
        if (session->queue_size + size > session->queue_room) {
            session->queue_room = (session->queue_size + size) * 2;
            session->queue = must(realloc(session->queue, session->queue_room));
        }
        memcpy(session->queue + session->queue_size, line, size);
        session->queue_size += size;
        session->pending += size;
        pthread_cond_signal(&session->unwritten);
    }
    pthread_mutex_unlock(&session->write_lock);
    free(line);
}

void notify(ostler_task *task, const char *method, json_t *params) {
    json_t *message = json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params);
    if (message) send_message(task->session, message, true);
}

void answer(struct session *session, const char *id, const char *member, json_t *body) {
    json_t *message = must(json_pack("{s:s, s:s, s:o}", "id", id, "jsonrpc", "2.0", member, body));
    send_message(session, message, false);
}

void refuse(struct session *session, const char *id, int code, const char *format, ...) {
    char text[256];
    va_list words;
    va_start(words, format);
    vsnprintf(text, sizeof text, format, words);
    va_end(words);
    // A method's name that was cut may end within a character.
    json_t *message = json_string(text);
    if (!message) message = json_string("the request cannot be served");
    answer(session, id, "error", must(json_pack("{s:i, s:o}", "code", code, "message", message)));
}

void set_text(json_t *object, const char *key, const char *text) {
    if (text) json_object_set_new(object, key, json_string(text));
}
