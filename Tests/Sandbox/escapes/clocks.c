// Tries: to set clocks. The values cannot take effect anywhere: EINVAL would mean that the kernel has looked at them.
// Source: settimeofday(2), clock_settime(2), adjtimex(2)
// Layers: seccomp
// Control: none (clocks are the machine's)
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

#include "escape.h"

int main(void) {
    struct timeval day = {.tv_usec = -1};
    struct timespec time = {.tv_nsec = -1};
    struct timex adjustment = {.modes = 0};
    TRY("settimeofday", syscall(SYS_settimeofday, &day, NULL), EPERM);
    TRY("clock_settime", syscall(SYS_clock_settime, CLOCK_REALTIME, &time), EPERM);
    TRY("adjtimex", syscall(SYS_adjtimex, &adjustment), EPERM);
    TRY("clock_adjtime", syscall(SYS_clock_adjtime, CLOCK_REALTIME, &adjustment), EPERM);
    all_held();
}
