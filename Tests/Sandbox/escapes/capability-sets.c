// Tries: to find or raise a capability.
// Source: capabilities(7), capset(2), prctl(2)
// Layers: capabilities
// Control: plain
#include <linux/capability.h>
#include <sys/prctl.h>

#include "escape.h"

int main(void) {
    static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
    for (int i = 0; i < 5; i++) {
        if (strtoull(status_line(sets[i]), NULL, 16)) escaped("%s is %s", sets[i], status_line(sets[i]));
    }
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{~0u, ~0u, ~0u}, {~0u, ~0u, ~0u}};
    TRY("capset", syscall(SYS_capset, &header, data), EPERM);
    TRY("ambient", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0), EPERM);
    TRY("securebits", prctl(PR_SET_SECUREBITS, 0, 0, 0, 0), EPERM);
    TRY("bounding set", prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0), EPERM);
    all_held();
}
