// Tries: to signal every process that it can name, so also those of a sandbox that runs beside it.
// Source: kill(2): -1 is everybody
// Layers: pid_namespace
// Control: none (outside, everybody is everybody)
#include "escape.h"

int main(void) {
    // The neighbour says whether anything has arrived; in a plugin's sandbox the plugin would hear of it.
    signal(SIGUSR1, SIG_IGN);
    if (!is_plugin()) kill(-1, SIGUSR1);
    for (pid_t pid = 2; pid < 2000; pid++) {
        if (pid == getpid() || pid == getppid() || kill(pid, 0) < 0) continue;
        char path[64], text[512];
        snprintf(path, sizeof path, "/proc/%d/status", pid);
        // A process that can be signalled and is not in this /proc belongs to somebody else.
        if (!read_text(path, text, sizeof text)) escaped("process %d is somebody's", pid);
    }
    held("every process that can be named is of this sandbox");
}
