// Tries: to raise limits.
// Source: setrlimit(2), prlimit(2)
// Layers: rlimits, capabilities
// Control: none (it would raise those of the host's process 1)
#include <sys/resource.h>

#include "escape.h"

int main(void) {
    static const int kinds[] = {RLIMIT_NOFILE, RLIMIT_CORE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct rlimit limit;
        getrlimit(kinds[i], &limit);
        limit.rlim_max += 1;
        TRY("raise", setrlimit(kinds[i], &limit), EPERM, EINVAL);
        TRY("raise that of 1", syscall(SYS_prlimit64, 1, kinds[i], &limit, NULL), EPERM, EINVAL);
    }
    all_held();
}
