// Questions about a sandbox, asked inside of it and by doing: nothing is executed, nothing is changed.
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "calls.h"
#include "launcher.h"

#ifndef AT_EXECVE_CHECK
#define AT_EXECVE_CHECK 0x10000
#endif

// The kernel's own bound on scripts whose interpreters are scripts.
enum { SCRIPTS_MAX = 5 };

static char text[4096];

static int tries_to_open(const char *path, int flags) {
    int file = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0) return errno;
    close(file);
    return 0;
}

/// The word behind `#!`; NULL if there is none, or if the file cannot be read.
static const char *interpreter(const char *script) {
    int file = open(script, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0) return NULL;
    ssize_t size = read(file, text, 255);
    close(file);
    if (size < 2 || text[0] != '#' || text[1] != '!') return NULL;
    text[size] = 0;
    char *word = text + 2 + strspn(text + 2, " \t");
    word[strcspn(word, " \t\n")] = 0;
    return word;
}

/// The kernel's whole answer but for the format of the file. EINVAL: it is too old to be asked.
static int would_execute(const char *path) {
    char name[sizeof text];
    char *const arguments[] = {name, NULL}, *const variables[] = {NULL};
    for (int scripts = 0; scripts <= SCRIPTS_MAX; scripts++) {
        size_t length = strlen(path);
        if (length >= sizeof name) return ENAMETOOLONG;
        memcpy(name, path, length + 1);
        if (syscall(SYS_execveat, AT_FDCWD, name, arguments, variables, AT_EXECVE_CHECK) < 0) return errno;
        if (!(path = interpreter(name))) return 0;
    }
    return ELOOP;
}

/// Answers the size of the path without links, which is in `text` then.
static uint32_t look_up(const char *path, struct ostler_answer *answer) {
    struct stat status;
    struct statvfs mount;
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) < 0 || fstatvfs(file, &mount) < 0) {
        answer->found = errno;
        if (file >= 0) close(file);
        return 0;
    }
    answer->mode = status.st_mode;
    answer->mount_flags = mount.f_flag;
    char link[32] = "/proc/self/fd/";
    char digits[12];
    unsigned count = 0, at = 14;
    for (int left = file; left || !count; left /= 10) digits[count++] = (char)('0' + left % 10);
    while (count) link[at++] = digits[--count];
    ssize_t size = readlink(link, text, sizeof text);
    close(file);
    // What hides a file has no name of its own any more; the kernel says so behind the place where it is mounted.
    static const char gone[] = " (deleted)";
    const ssize_t more = sizeof gone - 1;
    if (!status.st_nlink && size > more && memcmp(text + size - more, gone, (size_t)more) == 0) size -= more;
    return size > 0 ? (uint32_t)size : 0;
}

static struct ostler_answer ask(const char *path) {
    struct ostler_answer answer = {.found = 0};
    answer.path_size = look_up(path, &answer);
    if (answer.found) {
        answer.read = answer.write = answer.execute = answer.access = answer.found;
        return answer;
    }
    char real[sizeof text];
    memcpy(real, text, answer.path_size);
    answer.access = faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
    if (S_ISDIR(answer.mode)) {
        answer.read = tries_to_open(path, O_RDONLY | O_DIRECTORY);
        answer.write = faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) < 0 ? errno : 0;
        answer.execute = EISDIR;
    } else {
        answer.read = tries_to_open(path, O_RDONLY);
        answer.write = tries_to_open(path, O_WRONLY);
        answer.execute = would_execute(path);
    }
    memcpy(text, real, answer.path_size);
    return answer;
}

static bool tell(const void *bytes, size_t size) {
    return write(1, bytes, size) == (ssize_t)size;
}

/// In place of a command, whose arguments are paths: an answer for each goes to stdout.
int probe_paths(const struct request *request) {
    const char *path = request->arguments;
    for (uint32_t i = 0; i < request->argc; i++, path += strlen(path) + 1) {
        struct ostler_answer answer = ask(path);
        if (!tell(&answer, sizeof answer) || !tell(text, answer.path_size)) return 1;
    }
    return 0;
}
