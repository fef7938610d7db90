// Finding and starting the command, by the rules of execvp(3) but never through a shell.
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "calls.h"
#include "launcher.h"

// Too large for a stack; untouched pages cost nothing.
static char *arguments[STRINGS_MAX];
static char *variables[STRINGS_MAX];

static const char *skip(const char *at) {
    return at + strlen(at) + 1;
}

static bool same_key(const char *a, const char *b) {
    while (*a && *a == *b && *a != '=') a++, b++;
    return *a == '=' && *b == '=';
}

/// The plan's environment with the request's laid over it.
static void fill_vectors(const struct build *build) {
    const struct request *request = build->request;
    const char *at = request->arguments;
    for (uint32_t i = 0; i < request->argc; i++, at = skip(at)) arguments[i] = (char *)at;
    const char *given = at;
    size_t used = 0;
    for (uint32_t i = 0; i < build->plan->env_count && used < STRINGS_MAX / 2; i++) {
        bool replaced = false;
        at = given;
        for (uint32_t k = 0; k < request->envc && !replaced; k++, at = skip(at)) {
            replaced = same_key(at, build->plan->env[i]);
        }
        if (!replaced) variables[used++] = (char *)build->plan->env[i];
    }
    for (unsigned i = 0; i < 2 && build->variables[i]; i++) {
        bool replaced = false;
        at = given;
        for (uint32_t k = 0; k < request->envc && !replaced; k++, at = skip(at)) {
            replaced = same_key(at, build->variables[i]);
        }
        if (!replaced) variables[used++] = (char *)build->variables[i];
    }
    for (char **own = environ; LEAVES_OUT(build->plan, ENV) && *own; own++) variables[used++] = *own;
    at = given;
    for (uint32_t i = 0; i < request->envc; i++, at = skip(at)) variables[used++] = (char *)at;
}

static const char *find_variable(const char *key) {
    size_t length = strlen(key);
    for (char **at = variables; *at; at++) {
        if (strncmp(*at, key, length) == 0 && (*at)[length] == '=') return *at + length + 1;
    }
    return NULL;
}

static bool holds(const struct ostler_file_id *files, uint32_t count, const struct stat *status) {
    for (uint32_t i = 0; i < count; i++) {
        if (files[i].device == status->st_dev && files[i].inode == status->st_ino) return true;
    }
    return false;
}

/// By device and inode of what the path leads to: links and other names do not matter. What lies where nothing may be
/// executed is refused here, so that it is told as a denial.
static bool is_permitted(const struct plan *plan, int file, const struct stat *status) {
    if (!plan->has_programs) return true;
    const struct ostler_programs *programs = &plan->programs;
    if (holds(plan->mask, 1, status)) return false;
    if (holds(plan->files + programs->allow_count, programs->block_count, status)) return false;
    struct statfs mount;
    if (fstatfs(file, &mount) == 0 && mount.f_flags & ST_NOEXEC) return false;
    bool open = !programs->has_allow || programs->opens_work;
    return open || holds(plan->files, programs->allow_count, status);
}

/// Does not return if the file runs. Else the errno, and in `stage` whether it was the search or the start that failed.
static int try_program(const struct plan *plan, const char *path, int *stage) {
    struct stat status;
    *stage = OSTLER_STAGE_PROGRAM;
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0) return errno;
    int err = fstat(file, &status) < 0 ? errno : 0;
    if (!err && !S_ISREG(status.st_mode)) err = EACCES;
    if (!err && !is_permitted(plan, file, &status)) err = EPERM;
    close(file);
    if (err) return err;
    execve(path, arguments, variables);
    if (errno != EACCES) *stage = OSTLER_STAGE_EXEC;
    return errno;
}

static bool go_on_searching(int err, int stage) {
    return stage == OSTLER_STAGE_PROGRAM && (err == ENOENT || err == ENOTDIR || err == EACCES || err == ENAMETOOLONG);
}

static int search(const struct plan *plan, const char *name, int *stage) {
    const char *list = find_variable("PATH");
    size_t name_size = strlen(name) + 1;
    int worst = ENOENT;
    if (!list) list = "/usr/local/bin:/usr/bin:/bin";
    for (;;) {
        char path[PATH_MAX];
        size_t length = strcspn(list, ":");
        if (length + 1 + name_size <= sizeof path) {
            char *end = mempcpy(path, list, length);
            // An empty entry is the working directory.
            if (length) *end++ = '/';
            memcpy(end, name, name_size);
            int err = try_program(plan, path, stage);
            if (!go_on_searching(err, *stage)) return err;
            if (err == EACCES) worst = EACCES;
        }
        if (!list[length]) break;
        list += length + 1;
    }
    *stage = OSTLER_STAGE_PROGRAM;
    return worst;
}

/// Runs in the command's own process, which shares init's memory. Answers the errno if nothing could be started.
int program_exec(const struct build *build, int *stage, const char **which) {
    const struct request *request = build->request;
    const char *own = build->plan->cwd ? build->plan->cwd : build->directory ? build->directory : "/";
    const char *cwd = request->cwd ? request->cwd : own;
    *stage = OSTLER_STAGE_CWD;
    *which = cwd;
    if (chdir(cwd) < 0) return errno;
    if (request->probe) _exit(probe_paths(request));
    fill_vectors(build);
    const char *name = arguments[0];
    *which = name;
    *stage = OSTLER_STAGE_PROGRAM;
    if (!*name) return ENOENT;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return strchr(name, '/') ? try_program(build->plan, name, stage) : search(build->plan, name, stage);
}
