// Process 1 of a sandbox: starts the command, reaps whatever ends, passes signals from outside on, and reports.
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/wait.h>

#include "calls.h"
#include "launcher.h"

static char command_stack[64 * 1024] __attribute__((aligned(16)));

static void report(void) __attribute__((noreturn));

static void report(void) {
    uint64_t one = 1;
    if (write(REPORT_FD, &one, sizeof one) < 0) errno = 0; // the launcher then learns it from the pidfd
    _exit(0);
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

/// The command's end is the sandbox's: what it left running is killed by the kernel when process 1 exits.
static void finish(const struct build *build, int status) {
    struct progress *progress = build->progress;
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    progress->status = status;
    progress->full = full_areas(build->plan);
    progress->user_us = (uint64_t)usage.ru_utime.tv_sec * 1000000 + (uint64_t)usage.ru_utime.tv_usec;
    progress->system_us = (uint64_t)usage.ru_stime.tv_sec * 1000000 + (uint64_t)usage.ru_stime.tv_usec;
    progress->peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
    progress->state = PROGRESS_ENDED;
    report();
}

static void reap(const struct build *build, pid_t command) {
    int status;
    pid_t ended;
    bool done = false;
    int result = 0;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
        if (ended != command) continue;
        done = true;
        result = status;
    }
    if (done) finish(build, result);
}

void init_main(struct build *build) {
    struct progress *progress = build->progress;
    progress->layers = build->layers;
    if (LEAVES_OUT(build->plan, INIT)) command_main(build);
    void *top = command_stack + sizeof command_stack;
    pid_t command = clone(command_main, top, CLONE_VM | CLONE_VFORK | SIGCHLD, build);
    if (command < 0) sandbox_refuse(build, OSTLER_STAGE_EXEC, -1, "clone", NULL);
    if (progress->state == PROGRESS_FAILED) _exit(1);
    // Held open here, a pipe would not end when the command closes it.
    call_close_range(0, REPORT_FD - 1);
    // All signals are blocked since the launcher's start. One that is blocked is kept for process 1 even if it comes
    // from inside. The sender's number is 0 if it came from outside; a sender may write any number into a queued signal,
    // but may not call it SI_USER then.
    sigset_t wanted;
    sigemptyset(&wanted);
    static const int signals[] = {SIGCHLD, SIGTERM, SIGINT,  SIGHUP, SIGQUIT,
                                  SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT};
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++) sigaddset(&wanted, signals[i]);
    for (;;) {
        siginfo_t info;
        int signal = sigwaitinfo(&wanted, &info);
        if (signal == SIGCHLD) {
            reap(build, command);
        } else if (signal > 0 && info.si_code == SI_USER && info.si_pid == 0) {
            // A stopped process gets the signal only once it runs again.
            kill(-1, signal == SIGTSTP ? SIGSTOP : signal);
            if (signal != SIGTSTP) kill(-1, SIGCONT);
        }
    }
}
