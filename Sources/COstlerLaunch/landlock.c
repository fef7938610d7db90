// Landlock: a second fence, by rules on files, that holds whatever is mounted where.
//
// In a view there are two rulesets. One serves all sandboxes of a plan: execution, devices, sockets, signals. Its rules can
// name only what the template holds; what each sandbox mounts for itself (/tmp, /work) is reached by a rule on "/" alone.
// So writing has a second one that each sandbox makes. Without a view there is one for each sandbox, and it is the only
// fence around files.
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

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
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_MAKE_CHAR = 1 << 6,
    FS_MAKE_BLOCK = 1 << 11,
    FS_ALL_1 = (1 << 13) - 1,
    FS_REFER = 1 << 13,     // ABI 2
    FS_TRUNCATE = 1 << 14,  // ABI 3
    FS_IOCTL_DEV = 1 << 15, // ABI 5
    NET_BIND_TCP = 1 << 0,  // ABI 4
    NET_CONNECT_TCP = 1 << 1,
    SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0, // ABI 6
    SCOPE_SIGNAL = 1 << 1,
    CREATE_VERSION = 1 << 0,
    RULE_PATH_BENEATH = 1,
    OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
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

/// Asked once: a sandbox would ask a dozen times.
void landlock_start(void) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
    launcher.landlock_abi = abi > 0 ? (int)abi : 0;
}

static int create(struct ruleset_attributes rules, bool allows_tcp) {
    int abi = launcher.landlock_abi;
    if (abi >= 4 && !allows_tcp) rules.handled_net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (abi >= 6) rules.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    size_t size = abi >= 6 ? sizeof rules : abi >= 4 ? offsetof(struct ruleset_attributes, scoped) : sizeof(uint64_t);
    return (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
}

int landlock_create(bool limits_execution, bool allows_tcp) {
    // The first version cannot allow a file to be moved to another directory.
    if (launcher.landlock_abi < 2) return errno = ENOTSUP, -1;
    struct ruleset_attributes rules = {.handled_fs = FS_REFER | FS_MAKE_CHAR | FS_MAKE_BLOCK};
    if (limits_execution) rules.handled_fs |= FS_EXECUTE;
    if (launcher.landlock_abi >= 5) rules.handled_fs |= FS_IOCTL_DEV;
    return create(rules, allows_tcp);
}

/// All rights on files that the kernel knows to tell apart.
static uint64_t all_rights(void) {
    int abi = launcher.landlock_abi;
    return FS_ALL_1 | FS_REFER | (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
}

int landlock_create_whole(void) {
    if (launcher.landlock_abi < 2) return errno = ENOTSUP, -1;
    return create((struct ruleset_attributes){.handled_fs = all_rights()}, false);
}

/// All that changes files. Making device nodes is nobody's right: a bound directory has no nodev to make them harmless.
static uint64_t writing_rights(void) {
    const uint64_t other = FS_EXECUTE | FS_READ_FILE | FS_READ_DIR | FS_IOCTL_DEV | FS_MAKE_CHAR | FS_MAKE_BLOCK;
    return all_rights() & ~other;
}

bool landlock_grant(int ruleset, const char *path, uint32_t rights) {
    struct path_beneath rule = {.allowed = 0, .parent = open(path, O_PATH | O_CLOEXEC)};
    struct stat status;
    if (rule.parent < 0) return errno == ENOENT && rights & OSTLER_RULE_OPTIONAL;
    if (rights & OSTLER_RULE_READ) rule.allowed |= FS_READ_FILE | FS_READ_DIR;
    if (rights & OSTLER_RULE_EXECUTE) rule.allowed |= FS_EXECUTE;
    if (rights & OSTLER_RULE_IOCTL) rule.allowed |= FS_IOCTL_DEV;
    if (rights & OSTLER_RULE_WRITE) rule.allowed |= writing_rights();
    bool good = fstat(rule.parent, &status) == 0;
    if (good && !S_ISDIR(status.st_mode)) rule.allowed &= OF_FILES;
    rule.allowed &= all_rights();
    good = good && syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
    int saved = errno;
    close(rule.parent);
    errno = saved;
    return good;
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
    if (launcher.landlock_abi >= 5 && !allow(plan->ruleset, "/dev", FS_IOCTL_DEV) && errno != ENOENT) return false;
    for (uint32_t i = 0; i < plan->executable_count; i++) {
        *what = path;
        if (!allow(plan->ruleset, path, FS_EXECUTE)) return false;
        path += strlen(path) + 1;
    }
    return true;
}

bool landlock_enter(int ruleset) {
    if (ruleset < 0) return errno = ENOTSUP, false;
    return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}

/// A stream that may be written may be opened by its name in /dev for that; one that is for reading may not.
static bool allow_streams(int ruleset, const struct request *request) {
    for (unsigned i = 0; i < 3; i++) {
        struct path_beneath rule = {writing_rights() & OF_FILES, request->streams[i]};
        int mode = fcntl(rule.parent, F_GETFL);
        if (mode < 0 || (mode & O_ACCMODE) == O_RDONLY) continue;
        // Pipes and sockets have no place in a file system, and no rule holds for them.
        if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0 && errno != EBADFD) return false;
    }
    return true;
}

static bool is_written(const struct plan_step *step) {
    if (step->kind == OSTLER_STEP_BIND) return !(step->flags & OSTLER_BIND_RO);
    return step->kind == OSTLER_STEP_PROC || step->kind == OSTLER_STEP_TMPFS;
}

/// Runs in the sandbox's view.
int landlock_create_writing(const struct build *build, const char **what) {
    const struct plan *plan = build->plan;
    // What the kernel shows may be written, and nothing made there.
    const uint64_t content = writing_rights() & OF_FILES;
    *what = "create_ruleset";
    const struct ruleset_attributes rules = {.handled_fs = writing_rights()};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules.handled_fs, 0);
    if (ruleset < 0) return -1;
    *what = "/dev";
    bool good = allow(ruleset, "/dev", content) || errno == ENOENT;
    for (uint32_t i = 0; good && i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (!is_written(step)) continue;
        *what = step->target;
        // What is bound may be a file, which has not all the rights of a directory.
        if (step->kind == OSTLER_STEP_BIND) {
            good = landlock_grant(ruleset, step->target, OSTLER_RULE_WRITE | OSTLER_RULE_OPTIONAL);
        } else {
            uint64_t rights = step->kind == OSTLER_STEP_PROC ? content : writing_rights();
            good = allow(ruleset, step->target, rights) || errno == ENOENT;
        }
    }
    if (good) *what = "streams";
    return good && allow_streams(ruleset, build->request) ? ruleset : -1;
}
