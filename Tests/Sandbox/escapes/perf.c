// Tries: to watch the kernel and others by performance counters.
// Source: perf_event_open(2); CVE-2013-2094
// Layers: seccomp
// Control: plain
#include <linux/perf_event.h>

#include "escape.h"

int main(void) {
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attr, .config = PERF_COUNT_SW_TASK_CLOCK};
    TRY("own", syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0), EPERM);
    TRY("all", syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0), EPERM);
    all_held();
}
