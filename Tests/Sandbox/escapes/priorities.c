// Tries: to run before others.
// Source: setpriority(2), sched_setscheduler(2), ioprio_set(2)
// Layers: capabilities, rlimits
// Control: plain
#include <sched.h>
#include <sys/resource.h>

#include "escape.h"

int main(void) {
    struct sched_param real = {.sched_priority = 1};
    TRY("nice", setpriority(PRIO_PROCESS, 0, -5), EACCES, EPERM);
    TRY("real time", sched_setscheduler(0, SCHED_FIFO, &real), EPERM);
    TRY("I/O in real time", syscall(SYS_ioprio_set, 1, 0, 1 << 13 | 4), EPERM);
    TRY("lock memory", syscall(SYS_mlockall, 1), ENOMEM, EPERM);
    all_held();
}
