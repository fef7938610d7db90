// Tries: to use the sandbox calls themselves to get rid of restrictions.
// Source: landlock(7), seccomp(2): restrictions can only be added
// Layers: no_new_privs, seccomp
// Control: none (there is nothing to undo outside)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "escape.h"

int main(void) {
    struct sock_filter allow[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    struct sock_fprog program = {1, allow};
    // One more filter that allows all: what was refused must stay refused.
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) note("a further filter: %s", strerrorname_np(errno));
    TRY("unshare", syscall(SYS_unshare, 0x10000000), EPERM);
    TRY("io_uring", syscall(SYS_io_uring_setup, 1, NULL), ENOSYS);
    TRY("strict to disabled", prctl(PR_SET_SECCOMP, 0, NULL), EINVAL);
    all_held();
}
