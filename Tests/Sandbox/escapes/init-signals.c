// Tries: to kill, stop or confuse the sandbox's process 1.
// Source: pid_namespaces(7); found in bubblewrap: a stopped process 1 hung the sandbox for ever
// Layers: pid_namespace, init
// Control: none (it is meant for a pid namespace)
#include "escape.h"

int main(void) {
    static const int numbers[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGABRT, SIGTSTP, SIGTTIN, SIGXCPU, SIGSYS, SIGALRM, SIGPIPE};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) kill(1, numbers[i]);
    // A dead process 1 would have taken this one along; a stopped one shows.
    usleep(50000);
    char text[512];
    if (!read_text("/proc/1/stat", text, sizeof text)) inconclusive("/proc/1/stat: %s", strerror(errno));
    const char *state = strrchr(text, ')');
    if (!state || strlen(state) < 3) inconclusive("/proc/1/stat: %s", text);
    if (strchr("TtZX", state[2])) escaped("process 1 is in state %c", state[2]);
    held("process 1 is in state %c after all signals", state[2]);
}
