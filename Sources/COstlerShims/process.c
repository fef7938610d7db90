#include "ostler_shims.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <unistd.h>

int ostler_signalfd(uint64_t signals) {
    sigset_t set;
    sigemptyset(&set);
    for (int signal = 1; signal < 32; signal++)
        if (signals >> signal & 1) sigaddset(&set, signal);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -errno;
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int ostler_signalfd_read(int fd) {
    struct signalfd_siginfo info;
    ssize_t count = read(fd, &info, sizeof info);
    return count == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

void ostler_ignore_sigpipe(void) {
    signal(SIGPIPE, SIG_IGN);
}

static int reset_signals(posix_spawnattr_t *attributes, short more_flags) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(attributes, &all);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | more_flags;
    return error ? error : posix_spawnattr_setflags(attributes, flags);
}

static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int control) {
    int error = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (!error) error = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(actions, control, 3);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(actions, 4);
    return error ? error : reset_signals(attributes, 0);
}

int ostler_spawn_with_control(const char *path, char *const argv[], int control, pid_t *pid) {
    // dup2 onto the same number would leave close-on-exec set.
    int moved = fcntl(control, F_DUPFD_CLOEXEC, 10);
    if (moved < 0) return -errno;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    char *environment[] = {NULL};
    int error = prepare(&actions, &attributes, moved);
    if (!error) error = posix_spawn(pid, path, &actions, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(moved);
    return -error;
}

int ostler_spawn_filter(char *const argv[], int out, int err, pid_t *pid) {
    // Moved out of the way, as one of them may have the number of the other's place.
    int moved[2] = {fcntl(out, F_DUPFD_CLOEXEC, 10), fcntl(err, F_DUPFD_CLOEXEC, 10)};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int error = moved[0] < 0 || moved[1] < 0 ? errno : 0;
    if (!error) error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    for (int i = 0; i < 2 && !error; i++) error = posix_spawn_file_actions_adddup2(&actions, moved[i], i + 1);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (!error) error = posix_spawnattr_setpgroup(&attributes, 0);
    if (!error) error = reset_signals(&attributes, POSIX_SPAWN_SETPGROUP);
    if (!error) error = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    for (int i = 0; i < 2; i++) {
        if (moved[i] >= 0) close(moved[i]);
    }
    return -error;
}
