// Tries: to make process 1 pass on a signal as if it had come from outside, with a forged sender.
// Source: rt_sigqueueinfo(2): the sender's number is the caller's to choose
// Layers: init
// Control: none (it is meant for a pid namespace)
#include "escape.h"

static volatile sig_atomic_t passed_on;

static void on_signal(int number) {
    passed_on = number;
}

int main(void) {
    static const int numbers[] = {SIGUSR1, SIGTERM, SIGHUP, SIGINT};
    for (size_t i = 0; i < 4; i++) {
        siginfo_t info = {.si_signo = numbers[i], .si_code = SI_QUEUE};
        signal(numbers[i], on_signal);
        long sent = syscall(SYS_rt_sigqueueinfo, 1, numbers[i], &info);
        note("%s: %s", sigabbrev_np(numbers[i]), sent < 0 ? strerrorname_np(errno) : "sent");
        info.si_code = SI_USER;
        TRY("forged kill", syscall(SYS_rt_sigqueueinfo, 1, numbers[i], &info), EPERM);
    }
    for (int i = 0; i < 20 && !passed_on; i++) usleep(5000);
    if (passed_on) escaped("process 1 passed on a forged signal %d", passed_on);
    all_held();
}
