// Pseudo-terminals, and who looks after a terminal whose modes were changed.
#include "ostler_shims.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

static void copy_look(int like, int slave) {
    struct termios modes;
    struct winsize size;
    if (tcgetattr(like, &modes) == 0) tcsetattr(slave, TCSANOW, &modes);
    if (ioctl(like, TIOCGWINSZ, &size) == 0) ioctl(slave, TIOCSWINSZ, &size);
}

int ostler_pty_open(int like, int *master, int *slave) {
    int saved;
    int ours = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (ours < 0) return -errno;
    // By the master, not by a name below /dev/pts, which may be another mount.
    int theirs = unlockpt(ours) == 0 ? ioctl(ours, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (theirs < 0) {
        saved = errno;
        close(ours);
        return -saved;
    }
    copy_look(like, theirs);
    *master = ours;
    *slave = theirs;
    return 0;
}

/// In a copy of a process that may have threads: nothing but system calls.
static void watch_over(int terminal, int word, const struct termios *modes) __attribute__((noreturn));

static void watch_over(int terminal, int word, const struct termios *modes) {
    sigset_t all;
    char byte;
    ssize_t count;
    // Outside the session, it is neither stopped for setting modes nor ended with the session's other processes.
    setsid();
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    int first = terminal < word ? terminal : word, last = terminal < word ? word : terminal;
    if (first > 0) syscall(SYS_close_range, 0, first - 1, 0);
    if (last > first + 1) syscall(SYS_close_range, first + 1, last - 1, 0);
    syscall(SYS_close_range, last + 1, ~0u, 0);
    do count = read(word, &byte, 1);
    while (count < 0 && errno == EINTR);
    if (count == 0) tcsetattr(terminal, TCSAFLUSH, modes);
    _exit(0);
}

int ostler_terminal_guard(int terminal, int word, pid_t *pid) {
    struct termios modes;
    if (tcgetattr(terminal, &modes) < 0) return -errno;
    *pid = _Fork();
    if (*pid < 0) return -errno;
    if (*pid == 0) watch_over(terminal, word, &modes);
    return 0;
}
