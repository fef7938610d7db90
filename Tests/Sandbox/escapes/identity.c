// Tries: to become another user or group.
// Source: setuid(2), setgroups(2), user_namespaces(7)
// Layers: capabilities, user_namespace
// Control: plain
#include <grp.h>
#include <sys/fsuid.h>

#include "escape.h"

int main(void) {
    gid_t group = 0;
    if (getuid() != 1000 || getgid() != 1000) escaped("runs as %d:%d", getuid(), getgid());
    for (uid_t user = 0; user < 3; user++) {
        TRY("setuid", setuid(user), EPERM, EINVAL);
        TRY("setresuid", setresuid(user, user, user), EPERM, EINVAL);
        TRY("setresgid", setresgid(user, user, user), EPERM, EINVAL);
    }
    TRY("setgroups", setgroups(1, &group), EPERM);
    setfsuid(0);
    if (setfsuid((uid_t)-1) == 0) escaped("setfsuid to 0");
    all_held();
}
