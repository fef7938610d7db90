// Tries: to have the host's core handler run as root outside on a crash that the sandbox makes.
// Source: core(5): a piped core_pattern ignores RLIMIT_CORE unless it is 1; CVE-2019-7307 and others in apport
// Layers: rlimits
// Control: none (it would start the handler)
#include <sys/resource.h>

#include "escape.h"

int main(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) < 0) inconclusive("getrlimit: %s", strerror(errno));
    if (limit.rlim_max > 1) escaped("cores of %llu bytes can be had", (unsigned long long)limit.rlim_max);
    // At 0 a handler behind a pipe is run all the same; 1 is what the kernel itself uses to stop that.
    if (limit.rlim_cur != 1) escaped("a core handler of the host would be run: RLIMIT_CORE is %d", (int)limit.rlim_cur);
    limit.rlim_cur = limit.rlim_max = 1 << 20;
    TRY("raise", setrlimit(RLIMIT_CORE, &limit), EPERM);
    all_held();
}
