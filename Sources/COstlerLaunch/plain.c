// A second thread, which has none of the filter that the launcher bears: it starts what is to go without. The two never run
// at once: the launcher's own stands still while this one clones, so they may share errno and all else.
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>

#include "calls.h"
#include "launcher.h"

enum turn { LAUNCHER, PLAIN };

static struct {
    atomic_int turn;
    uint64_t flags;
    int *pidfd;
    void (*child_main)(void *);
    void *argument;
    pid_t result;
    int err;
} plain;

static char plain_stack[256 * 1024] __attribute__((aligned(16)));

static void await(enum turn turn) {
    int now;
    while ((now = atomic_load(&plain.turn)) != (int)turn) syscall(SYS_futex, &plain.turn, FUTEX_WAIT_PRIVATE, now, NULL);
}

static void pass(enum turn turn) {
    atomic_store(&plain.turn, turn);
    syscall(SYS_futex, &plain.turn, FUTEX_WAKE_PRIVATE, 1);
}

static void serve(void) __attribute__((noreturn));

static void serve(void) {
    for (;;) {
        await(PLAIN);
        plain.result = call_clone(plain.flags, plain.pidfd);
        plain.err = errno;
        if (plain.result == 0) plain.child_main(plain.argument);
        pass(LAUNCHER);
    }
}

static int plain_main(void *unused) {
    (void)unused;
    serve();
}

bool plain_start(void) {
    // Without CLONE_FS, since a process that shares its directories with another cannot enter a mount namespace.
    const int flags = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | CLONE_FILES | CLONE_SYSVSEM;
    return clone(plain_main, plain_stack + sizeof plain_stack, flags, NULL) > 0;
}

pid_t plain_clone(uint64_t flags, int *pidfd, void (*child_main)(void *), void *argument) {
    plain.flags = flags;
    plain.pidfd = pidfd;
    plain.child_main = child_main;
    plain.argument = argument;
    pass(PLAIN);
    await(LAUNCHER);
    errno = plain.err;
    return plain.result;
}
