// Landlock: a second fence, by rules on files, that holds whatever is mounted where.
//
// One ruleset serves all sandboxes of a plan, so its rules can name only what the template holds. What each sandbox
// mounts for itself (/tmp, /work) is reached by a rule on "/" alone: rights that such places need are granted there or
// not handled at all.
#include <string.h>
#include <sys/prctl.h>

#include "calls.h"
#include "launcher.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

// <linux/landlock.h> may be older than the kernel.
enum {
    FS_EXECUTE = 1 << 0,
    FS_MAKE_CHAR = 1 << 6,
    FS_MAKE_BLOCK = 1 << 11,
    FS_REFER = 1 << 13,     // ABI 2
    FS_IOCTL_DEV = 1 << 15, // ABI 5
    NET_BIND_TCP = 1 << 0,  // ABI 4
    NET_CONNECT_TCP = 1 << 1,
    SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0, // ABI 6
    SCOPE_SIGNAL = 1 << 1,
    CREATE_VERSION = 1 << 0,
    RULE_PATH_BENEATH = 1,
};

struct ruleset_attributes {
    uint64_t handled_fs;
    uint64_t handled_net;
    uint64_t scoped;
};

struct path_beneath {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

int landlock_abi(void) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
    return abi > 0 ? (int)abi : 0;
}

int landlock_create(bool limits_execution) {
    int abi = landlock_abi();
    // The first version cannot allow a file to be moved to another directory.
    if (abi < 2) return errno = ENOTSUP, -1;
    struct ruleset_attributes rules = {.handled_fs = FS_REFER | FS_MAKE_CHAR | FS_MAKE_BLOCK};
    if (limits_execution) rules.handled_fs |= FS_EXECUTE;
    if (abi >= 5) rules.handled_fs |= FS_IOCTL_DEV;
    if (abi >= 4) rules.handled_net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (abi >= 6) rules.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    size_t size = abi >= 6 ? sizeof rules : abi >= 4 ? offsetof(struct ruleset_attributes, scoped) : sizeof(uint64_t);
    return (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
}

static bool allow(int ruleset, const char *path, uint64_t rights) {
    struct path_beneath rule = {.allowed = rights, .parent = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent < 0) return false;
    bool good = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
    int saved = errno;
    close(rule.parent);
    errno = saved;
    return good;
}

/// Runs in the view: the paths are the view's.
bool landlock_fill(const struct plan *plan, const char **what) {
    const char *path = plan->executable;
    *what = "/";
    if (!allow(plan->ruleset, "/", FS_REFER)) return false;
    *what = "/dev";
    if (landlock_abi() >= 5 && !allow(plan->ruleset, "/dev", FS_IOCTL_DEV) && errno != ENOENT) return false;
    for (uint32_t i = 0; i < plan->executable_count; i++) {
        *what = path;
        if (!allow(plan->ruleset, path, FS_EXECUTE)) return false;
        path += strlen(path) + 1;
    }
    return true;
}

bool landlock_enter(int ruleset) {
    return ruleset >= 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}
