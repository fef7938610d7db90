// Tries: to leave a process behind that outlives the task: in a session of its own, deaf to signals, without streams.
// Source: daemon(7), pid_namespaces(7); found in runc and crun: the sandbox outlived its launcher
// Layers: init, pid_namespace
// Control: none (it would stay)
#include <sys/prctl.h>

#include "escape.h"

int main(int argc, char **argv) {
    // The runner looks for this name when all is over.
    const char *mark = bait("mark");
    for (int depth = 0; depth < 3; depth++) {
        pid_t child = fork();
        if (child < 0) inconclusive("fork: %s", strerror(errno));
        if (child > 0) {
            if (depth) _exit(0);
            waitpid(child, NULL, 0);
            held("left a process behind, which the runner must not find");
        }
        setsid();
    }
    for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, 0);
    for (int fd = 0; fd < 256; fd++) close(fd);
    execl("/proc/self/exe", mark, "stay", NULL);
    _exit(1);
}

/// Runs before main: the process that was left behind does nothing but stay.
__attribute__((constructor)) static void stay(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "stay")) {
        for (;;) pause();
    }
}
