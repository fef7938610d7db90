// Tries: to get a mount namespace that it may change.
// Source: mount_namespaces(7), user_namespaces(7); CVE-2022-0185's way to CAP_SYS_ADMIN
// Layers: seccomp, capabilities
// Control: disposable
#include <sched.h>
#include <sys/mount.h>

#include "escape.h"

int main(void) {
    TRY("unshare", unshare(CLONE_NEWNS) < 0 ? -1 : mount("none", "/tmp", "tmpfs", 0, ""), EPERM);
    TRY("setns", setns(open("/proc/self/ns/mnt", O_RDONLY), CLONE_NEWNS), EPERM);
    all_held();
}
