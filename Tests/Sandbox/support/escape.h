// What every attempt of the corpus shares: it says one line, ESCAPED, HELD or INCONCLUSIVE, and ends.
#ifndef ESCAPE_H
#define ESCAPE_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

// The work directory of every sandbox.
#define WORK "/work"

static char notes[4096];

#define SAY(verdict, code)                                                                                             \
    va_list list;                                                                                                      \
    char text[4096];                                                                                                   \
    va_start(list, format);                                                                                            \
    vsnprintf(text, sizeof text, format, list);                                                                        \
    va_end(list);                                                                                                      \
    dprintf(1, verdict ": %s\n", text);                                                                                \
    _exit(code)

#define SPEAKER __attribute__((noreturn, format(printf, 1, 2), unused)) static void

SPEAKER escaped(const char *format, ...) {
    SAY("ESCAPED", 10);
}

SPEAKER inconclusive(const char *format, ...) {
    SAY("INCONCLUSIVE", 11);
}

SPEAKER held(const char *format, ...) {
    SAY("HELD", 0);
}

/// Remembers a refusal for the last word.
__attribute__((format(printf, 1, 2), unused)) static void note(const char *format, ...) {
    size_t used = strlen(notes);
    va_list list;
    if (used) used += (size_t)snprintf(notes + used, sizeof notes - used, "; ");
    va_start(list, format);
    if (used < sizeof notes) vsnprintf(notes + used, sizeof notes - used, format, list);
    va_end(list);
}

/// The last word of an attempt of which every part was refused.
__attribute__((noreturn, unused)) static void all_held(void) {
    if (!notes[0]) inconclusive("nothing was tried");
    held("%s", notes);
}

/// A call that must be refused, by one of the errors that are given.
#define TRY(what, call, ...)                                                                                           \
    do {                                                                                                               \
        const int expected[] = {__VA_ARGS__};                                                                          \
        errno = 0;                                                                                                     \
        long result = (long)(call);                                                                                    \
        judge(what, result, errno, expected, sizeof expected / sizeof *expected);                                      \
    } while (0)

__attribute__((unused)) static void judge(const char *what, long result, int err, const int *expected, size_t count) {
    if (result != -1) escaped("%s answered %ld", what, result);
    for (size_t i = 0; i < count; i++) {
        if (expected[i] == err) {
            note("%s: %s", what, strerrorname_np(err));
            return;
        }
    }
    inconclusive("%s: unexpected %s", what, strerrorname_np(err));
}

/// What the runner knows of the world outside: a value of the file `bait.txt` beside the attempt.
__attribute__((unused)) static const char *bait(const char *key) {
    static char values[8][PATH_MAX];
    static unsigned next;
    char path[PATH_MAX], line[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 16);
    char *name;
    if (length < 0) inconclusive("/proc/self/exe: %s", strerror(errno));
    path[length] = 0;
    name = strrchr(path, '/');
    strcpy(name, "/bait.txt");
    FILE *file = fopen(path, "re");
    if (!file) inconclusive("%s: %s", path, strerror(errno));
    size_t size = strlen(key);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, key, size) || line[size] != '=') continue;
        char *value = values[next++ % 8];
        line[strcspn(line, "\n")] = 0;
        strcpy(value, line + size + 1);
        fclose(file);
        return value;
    }
    inconclusive("the runner has put out no bait '%s'", key);
}

__attribute__((unused)) static long bait_number(const char *key) {
    return strtol(bait(key), NULL, 0);
}

/// The path of something beside the attempt.
__attribute__((unused)) static const char *beside(const char *name) {
    static char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 64);
    if (length < 0) inconclusive("/proc/self/exe: %s", strerror(errno));
    path[length] = 0;
    strcpy(strrchr(path, '/') + 1, name);
    return path;
}

/// Whether this runs in a plugin's own sandbox, which has a launch channel.
__attribute__((unused)) static bool is_plugin(void) {
    return strcmp(bait("place"), "plugin") == 0;
}

/// A line of /proc/self/status, without its name.
__attribute__((unused)) static const char *status_line(const char *name) {
    static char line[512];
    FILE *file = fopen("/proc/self/status", "re");
    if (!file) inconclusive("/proc/self/status: %s", strerror(errno));
    size_t size = strlen(name);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, name, size) || line[size] != ':') continue;
        line[strcspn(line, "\n")] = 0;
        fclose(file);
        return line + size + 1 + strspn(line + size + 1, " \t");
    }
    inconclusive("/proc/self/status has no %s", name);
}

/// Reads the beginning of a file; false with errno if it cannot.
__attribute__((unused)) static bool read_text(const char *path, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return false;
    ssize_t count = read(file, text, size - 1);
    int saved = errno;
    close(file);
    errno = saved;
    if (count < 0) return false;
    text[count] = 0;
    return true;
}

/// Runs a body in a child and answers its wait status.
__attribute__((unused)) static int in_child(void (*body)(void)) {
    pid_t child = fork();
    int status = 0;
    if (child < 0) inconclusive("fork: %s", strerror(errno));
    if (child == 0) {
        body();
        _exit(0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return status;
}

__attribute__((unused)) static int abstract_connect(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    memcpy(address.sun_path + 1, name, length);
    int end = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (end < 0) return -1;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
    return connect(end, (void *)&address, size) < 0 ? -1 : end;
}

#endif
