// Tries: to mount a cgroup hierarchy and set its release_agent.
// Source: CVE-2022-0492; Felix Wilhelm, 2019
// Layers: seccomp, capabilities
// Control: none (the tester is root)
#include <sched.h>
#include <sys/mount.h>

#include "escape.h"

int main(void) {
    TRY("unshare", unshare(CLONE_NEWCGROUP), EPERM);
    TRY("v1", mount("cgroup", "/tmp", "cgroup", 0, "rdma"), EPERM);
    TRY("v2", mount("cgroup2", "/tmp", "cgroup2", 0, ""), EPERM);
    TRY("release_agent", open("/sys/fs/cgroup/release_agent", O_WRONLY), ENOENT);
    all_held();
}
