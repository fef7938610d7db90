// Tries: to take back no_new_privs and the filter.
// Source: prctl(2), seccomp(2)
// Layers: no_new_privs, seccomp
// Control: plain
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "escape.h"

int main(void) {
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) escaped("no_new_privs is not set");
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER) escaped("there is no filter");
    TRY("no_new_privs to 0", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
    TRY("seccomp to 0", prctl(PR_SET_SECCOMP, SECCOMP_MODE_DISABLED, 0, 0, 0), EINVAL);
    all_held();
}
