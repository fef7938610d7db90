// Tries: to use more memory than it may, in anonymous pages. The outer limit is in the program: a quarter above.
// Source: cgroups(7); isolate's and judge0's reports of evaded limits
// Layers: memory_limit
// Control: none (outside, there is no limit)
#include <sys/mman.h>

#include "escape.h"

static volatile char *memory;
static size_t size;

static void fill(void) {
    // The kernel is to choose the bomb.
    int score = open("/proc/self/oom_score_adj", O_WRONLY);
    if (score < 0 || write(score, "1000", 4) != 4) _exit(3);
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) _exit(2);
    for (size_t at = 0; at < size; at += 4096) memory[at] = 1;
}

int main(void) {
    size = (size_t)bait_number("limit_memory") / 4 * 5;
    int status = in_child(fill);
    if (status == 0) escaped("%zu bytes could be used", size);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) held("the process was killed");
    if (WEXITSTATUS(status) == 2) held("the pages were refused");
    inconclusive("the child ended with %x", status);
}
