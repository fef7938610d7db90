#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const json_t *ostler_request(const ostler_task *task) { return task->request; }

const json_t *ostler_config(const ostler_task *task) {
    return json_object_get(task->session->config, json_string_value(json_object_get(task->request, "executor")));
}

double ostler_remaining(const ostler_task *task) {
    if (task->end.tv_sec == 0) return -1;
    struct timespec now = from_now(0);
    double left = (double)(task->end.tv_sec - now.tv_sec) + (double)(task->end.tv_nsec - now.tv_nsec) / 1e9;
    return left > 0 ? left : 0;
}

bool ostler_is_cancelled(ostler_task *task) {
    pthread_mutex_lock(&task->lock);
    bool cancelled = task->cancelled;
    pthread_mutex_unlock(&task->lock);
    return cancelled;
}

bool ostler_sleep(ostler_task *task, double seconds) {
    struct timespec end = from_now(seconds > 0 ? seconds : 0);
    pthread_mutex_lock(&task->lock);
    while (!task->cancelled && pthread_cond_timedwait(&task->changed, &task->lock, &end) == 0) {}
    bool cancelled = task->cancelled;
    pthread_mutex_unlock(&task->lock);
    return cancelled;
}

static char *base64(const unsigned char *bytes, size_t size) {
    static const char symbols[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = must(malloc((size + 2) / 3 * 4 + 1)), *at = text;
    for (size_t index = 0; index < size; index += 3) {
        size_t left = size - index;
        unsigned group = (unsigned)bytes[index] << 16;
        if (left > 1) group |= (unsigned)bytes[index + 1] << 8;
        if (left > 2) group |= bytes[index + 2];
        *at++ = symbols[group >> 18];
        *at++ = symbols[group >> 12 & 63];
        *at++ = left > 1 ? symbols[group >> 6 & 63] : '=';
        *at++ = left > 2 ? symbols[group & 63] : '=';
    }
    *at = 0;
    return text;
}

// How much goes into one piece, so that no character is cut in two (M28).
static size_t whole(const unsigned char *bytes, size_t size, size_t limit) {
    if (size <= limit) return size;
    for (size_t back = 0; back < 4; back++)
        if ((bytes[limit - back] & 0xC0) != 0x80) return limit - back;
    return limit;
}

// Waits for credit and takes what a piece of this size costs; the piece's number, or -1 if the task has been answered.
static json_int_t take_credit(ostler_task *task, size_t piece) {
    json_int_t sequence = -1;
    pthread_mutex_lock(&task->lock);
    while (task->has_credit && task->credit <= 0 && !task->answered) pthread_cond_wait(&task->changed, &task->lock);
    if (!task->answered) {
        sequence = task->sequence++;
        task->credit -= (json_int_t)piece;
    }
    pthread_mutex_unlock(&task->lock);
    return sequence;
}

void ostler_write(ostler_task *task, ostler_stream stream, const void *data, size_t size) {
    const unsigned char *bytes = data;
    pthread_mutex_lock(&task->sending);
    while (size > 0) {
        size_t piece = whole(bytes, size, task->session->piece_bytes);
        json_int_t sequence = take_credit(task, piece);
        if (sequence < 0) break;
        json_t *params = must(json_pack("{s:s, s:s, s:I}", "task", task->id, "stream",
                                        stream == OSTLER_STDERR ? "stderr" : "stdout", "seq", sequence));
        json_t *text = json_stringn((const char *)bytes, piece);
        if (text) {
            json_object_set_new(params, "text", text);
        } else {
            char *encoded = base64(bytes, piece);
            json_object_set_new(params, "base64", json_string(encoded));
            free(encoded);
        }
        notify(task, "output", params);
        bytes += piece;
        size -= piece;
    }
    pthread_mutex_unlock(&task->sending);
}

void ostler_printf(ostler_task *task, ostler_stream stream, const char *format, ...) {
    char *text = NULL;
    va_list words;
    va_start(words, format);
    int size = vasprintf(&text, format, words);
    va_end(words);
    if (size < 0) fatal("out of memory");
    ostler_write(task, stream, text, (size_t)size);
    free(text);
}

static void tell(ostler_task *task, const char *method, json_t *params) {
    pthread_mutex_lock(&task->sending);
    if (task->answered) json_decref(params);
    else notify(task, method, params);
    pthread_mutex_unlock(&task->sending);
}

// A whole number is written without a fraction.
static json_t *number(double value) {
    bool is_whole = value >= -1e15 && value <= 1e15 && value == (double)(json_int_t)value;
    return is_whole ? json_integer((json_int_t)value) : json_real(value);
}

void ostler_progress(ostler_task *task, double value, double total, const char *unit, const char *message) {
    json_t *params = must(json_pack("{s:s, s:o*}", "task", task->id, "value", number(value)));
    if (total > 0) json_object_set_new(params, "total", number(total));
    set_text(params, "unit", unit);
    set_text(params, "message", message);
    tell(task, "progress", params);
}

void ostler_log(ostler_task *task, const char *level, const char *message) {
    json_t *params = json_pack("{s:s, s:s, s:s}", "task", task->id, "level", level, "message", message);
    if (params) tell(task, "log", params);
}

int ostler_fail(ostler_task *task, const ostler_failure *failure) {
    json_t *error = must(json_object());
    set_text(error, "code", failure->code ? failure->code : "executor_error");
    set_text(error, "fault", failure->fault ? failure->fault : "task");
    set_text(error, "retry", failure->retry ? failure->retry : "never");
    set_text(error, "side_effects", failure->side_effects ? failure->side_effects : "possible");
    set_text(error, "message", failure->message ? failure->message : "the executor does not say why");
    set_text(error, "pointer", failure->pointer);
    set_text(error, "hint", failure->hint);
    pthread_mutex_lock(&task->lock);
    json_decref(task->error);
    task->error = error;
    pthread_mutex_unlock(&task->lock);
    return 1;
}

void ostler_set_metadata(ostler_task *task, json_t *metadata) {
    pthread_mutex_lock(&task->lock);
    json_decref(task->metadata);
    task->metadata = metadata;
    pthread_mutex_unlock(&task->lock);
}
