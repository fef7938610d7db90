#include "internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Reads lines until the host's end, or the end of what it wants. Answers the code to exit with.
static int serve(struct session *session, int input) {
    size_t room = 65536, size = 0;
    char *buffer = must(malloc(room));
    int code = 0;
    for (bool open = true; open;) {
        if (size == room) buffer = must(realloc(buffer, room *= 2));
        ssize_t count = read(input, buffer + size, room - size);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        size_t start = 0, scan = size;
        size += (size_t)count;
        for (char *end; open && (end = memchr(buffer + scan, '\n', size - scan)); start = scan) {
            size_t stop = (size_t)(end - buffer);
            scan = stop + 1;
            json_error_t error;
            json_t *message = json_loadb(buffer + start, stop - start, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
            if (message) open = handle(session, message);
            else open = false, code = 65, fprintf(stderr, "%s: the host sent no message: %s\n", session->plugin->name, error.text);
            json_decref(message);
        }
        memmove(buffer, buffer + start, size - start);
        size -= start;
        if (open && size > session->frame_bytes + 1) {
            fprintf(stderr, "%s: the host sent a line that is too long\n", session->plugin->name);
            code = 65;
            open = false;
        }
    }
    free(buffer);
    return code;
}

// Asks all tasks to end, and waits for a while; true if none is left.
static bool part(struct session *session) {
    struct timespec end = from_now(PARTING_MS / 1000.0);
    pthread_mutex_lock(&session->lock);
    for (struct ostler_task *task = session->tasks; task; task = task->next) cancel_task(task);
    while (session->tasks && pthread_cond_timedwait(&session->emptied, &session->lock, &end) == 0) {}
    bool is_empty = session->tasks == NULL;
    pthread_mutex_unlock(&session->lock);
    return is_empty;
}

static void flush(struct session *session) {
    pthread_mutex_lock(&session->write_lock);
    session->closing = true;
    pthread_cond_broadcast(&session->unwritten);
    pthread_mutex_unlock(&session->write_lock);
    pthread_join(session->writer, NULL);
}

int ostler_plugin_run(const ostler_plugin *plugin) {
    signal(SIGPIPE, SIG_IGN);
    json_object_seed(0);
    // Messages have a private copy; a stray print goes to stderr from here on (M4).
    int output = dup(STDOUT_FILENO);
    if (output < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        fprintf(stderr, "%s: standard input, output and error must be open\n", plugin->name);
        return 2;
    }
    struct session *session = must(calloc(1, sizeof *session));
    *session = (struct session){.plugin = plugin, .output = output, .frame_bytes = 1 << 20, .piece_bytes = PIECE};
    pthread_mutex_init(&session->lock, NULL);
    pthread_mutex_init(&session->write_lock, NULL);
    pthread_mutex_init(&session->launch_lock, NULL);
    init_condition(&session->emptied);
    pthread_cond_init(&session->unwritten, NULL);
    pthread_cond_init(&session->written, NULL);
    pthread_cond_init(&session->launch_changed, NULL);
    if (pthread_create(&session->writer, NULL, drain, session) != 0) fatal("no thread can be started");
    int code = serve(session, STDIN_FILENO);
    bool is_idle = part(session);
    flush(session);
    if (!is_idle || session->can_launch) _exit(code); // threads that are left still use the session
    json_decref(session->config);
    free(session->queue);
    free(session);
    close(output);
    return code;
}
