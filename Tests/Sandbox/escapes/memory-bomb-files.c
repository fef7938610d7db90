// Tries: to use more memory than it may by files that live in memory.
// Source: memfd_create(2), tmpfs(5): not counted by resident size, nor by RLIMIT_DATA
// Layers: memory_limit
// Control: none (outside, there is no limit)
#include <sys/mman.h>

#include "escape.h"

enum { CHUNK = 1 << 20 };

static size_t size;

static void fill(void) {
    // The kernel is to choose the bomb.
    int score = open("/proc/self/oom_score_adj", O_WRONLY);
    if (score < 0 || write(score, "1000", 4) != 4) _exit(3);
    static char chunk[CHUNK];
    int file = memfd_create("bomb", 0);
    memset(chunk, 1, sizeof chunk);
    for (size_t done = 0; done < size; done += CHUNK) {
        if (write(file, chunk, CHUNK) != CHUNK) _exit(2);
    }
}

int main(void) {
    // Without a memory cgroup nothing counts such files: the certificate says that the layer is not there.
    if (!strcmp(bait("memory_cgroup"), "no")) held("there is no memory cgroup, as the certificate says");
    size = (size_t)bait_number("limit_memory") / 4 * 5;
    int status = in_child(fill);
    if (status == 0) escaped("%zu bytes in a file", size);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) held("the process was killed");
    if (WEXITSTATUS(status) == 2) held("the write was refused");
    inconclusive("the child ended with %x", status);
}
