#include <linux/capability.h>
#include <sys/prctl.h>

#include "calls.h"
#include "launcher.h"

/// Entering a user namespace refills the bounding set, and only CAP_SETPCAP may empty it: this comes before the change
/// of user, which clears the effective set.
bool caps_drop_bounding(void) {
    for (int cap = 0; cap <= launcher.last_cap; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) return false;
    }
    return true;
}

bool caps_clear(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) return false;
    return syscall(SYS_capset, &header, data) == 0;
}
