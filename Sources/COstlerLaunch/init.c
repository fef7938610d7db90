// Process 1 of a sandbox: starts the command, reaps whatever ends, passes signals from outside on, and reports.
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/wait.h>

#include "calls.h"
#include "launcher.h"

static char command_stack[64 * 1024] __attribute__((aligned(16)));

static bool is_alone(const struct build *build) {
    return build->plan->fence == OSTLER_FENCE_NAMESPACES;
}

/// The terminal of the session that was just begun, so that the command has job control and its signals on it alone.
static int own_terminal(const struct request *request, int *stage, const char **which) {
    if (!request->terminal || ioctl(0, TIOCSCTTY, 0) == 0) return 0;
    *stage = OSTLER_STAGE_FDS;
    *which = "controlling terminal";
    return errno;
}

/// Shares memory with init, which stands still until the exec, so a failure is written straight into the page.
static int command_main(void *argument) {
    struct build *build = argument;
    int stage = OSTLER_STAGE_EXEC;
    const char *which = NULL;
    setsid();
    if (!is_alone(build)) contained_enter(build);
    int err = own_terminal(build->request, &stage, &which);
    if (!err) err = program_exec(build, &stage, &which);
    progress_fail(build->progress, stage, err, -1, which, NULL);
    _exit(127);
}

/// Which of the sandbox's own areas hold as much as they may, as bits of `ostler_exited.full`.
static uint32_t full_areas(const struct plan *plan) {
    uint32_t full = 0;
    unsigned area = 0;
    for (uint32_t i = 0; i < plan->step_count && area < 16; i++) {
        struct statfs status;
        if (plan->steps[i].kind != OSTLER_STEP_TMPFS) continue;
        if (statfs(plan->steps[i].target, &status) == 0) {
            if (status.f_blocks && !status.f_bfree) full |= 1u << (2 * area);
            if (status.f_files && !status.f_ffree) full |= 2u << (2 * area);
        }
        area++;
    }
    return full;
}

static void report(const struct build *build, int status) {
    struct progress *progress = build->progress;
    struct rusage usage;
    uint64_t one = 1;
    getrusage(RUSAGE_CHILDREN, &usage);
    progress->status = status;
    progress->full = full_areas(build->plan);
    progress->user_us = (uint64_t)usage.ru_utime.tv_sec * 1000000 + (uint64_t)usage.ru_utime.tv_usec;
    progress->system_us = (uint64_t)usage.ru_stime.tv_sec * 1000000 + (uint64_t)usage.ru_stime.tv_usec;
    progress->peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
    progress->state = PROGRESS_ENDED;
    if (write(REPORT_FD, &one, sizeof one) < 0) errno = 0; // the launcher then learns it from the pidfd
}

/// The command's end is the sandbox's: what it left running is killed by the kernel when process 1 exits, or here if there
/// is no pid namespace.
static void finish(struct build *build, pid_t command, int status) __attribute__((noreturn));

static void finish(struct build *build, pid_t command, int status) {
    report(build, status);
    if (!is_alone(build)) contained_end(build, command, &status);
    _exit(0);
}

static void reap(struct build *build, pid_t command) {
    int status;
    pid_t ended;
    bool done = false;
    int result = 0;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
        if (ended != command) continue;
        done = true;
        result = status;
    }
    if (done) finish(build, command, result);
}

/// A process without a pid namespace of its own sees who sent a signal; in one, 0 is whoever is outside. A sender may
/// write any number into a queued signal, but may not call it SI_USER then.
static bool is_from_outside(const struct build *build, const siginfo_t *info) {
    return info->si_code == SI_USER && info->si_pid == (is_alone(build) ? 0 : launcher.pid);
}

static void signal_all(int signal) {
    kill(-1, signal);
}

static void pass_on(const struct build *build, int signal) {
    // Nobody catches this one. And a stopped process gets a signal only once it runs again.
    int sent = signal == SIGTSTP ? SIGSTOP : signal;
    void (*send)(int) = is_alone(build) ? signal_all : contained_signal;
    send(sent);
    if (sent != SIGSTOP) send(SIGCONT);
}

/// Told to end all: what the command came to is known only then.
static void end_all(struct build *build, pid_t command) {
    int status = SIGKILL;
    contained_end(build, command, &status);
    report(build, status);
    _exit(0);
}

void init_main(struct build *build) {
    struct progress *progress = build->progress;
    progress->layers = build->layers;
    if (LEAVES_OUT(build->plan, INIT)) command_main(build);
    void *top = command_stack + sizeof command_stack;
    pid_t command = clone(command_main, top, CLONE_VM | CLONE_VFORK | SIGCHLD, build);
    if (command < 0) sandbox_refuse(build, OSTLER_STAGE_EXEC, -1, "clone", NULL);
    if (progress->state == PROGRESS_FAILED) {
        if (!is_alone(build)) contained_end(build, command, &(int){0});
        _exit(1);
    }
    // Held open here, a pipe would not end when the command closes it.
    call_close_range(0, REPORT_FD - 1);
    // All signals are blocked since the launcher's start. One that is blocked is kept for process 1 even if it comes
    // from inside.
    sigset_t wanted;
    sigemptyset(&wanted);
    static const int signals[] = {SIGCHLD, SIGTERM, SIGINT,  SIGHUP,  SIGQUIT,
                                  SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT, END_SIGNAL};
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++) sigaddset(&wanted, signals[i]);
    for (;;) {
        siginfo_t info;
        int signal = sigwaitinfo(&wanted, &info);
        if (signal == SIGCHLD) reap(build, command);
        else if (signal == END_SIGNAL && !is_alone(build)) end_all(build, command);
        else if (signal > 0 && signal != END_SIGNAL && is_from_outside(build, &info)) pass_on(build, signal);
    }
}
