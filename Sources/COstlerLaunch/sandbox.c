// The child's side: from a copy of the launcher to the first process of a sandbox. Each step is one function; a step
// that fails ends the child with stage and errno in the page that the launcher reads. No malloc, no stdio.
#include <grp.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "calls.h"
#include "launcher.h"

#ifndef PIPEFS_MAGIC
#define PIPEFS_MAGIC 0x50495045
#endif

void sandbox_refuse(struct build *build, int stage, int layer, const char *what, const char *which) {
    progress_fail(build->progress, stage, errno, layer, what, which);
    _exit(1);
}

bool sandbox_check(struct build *build, bool good, int stage, int layer, const char *what) {
    if (good) build->layers |= 1u << layer;
    else if (build->plan->required & (1u << layer)) sandbox_refuse(build, stage, layer, what, NULL);
    return good;
}

static void join_cgroup(struct build *build, int join, uint32_t bit, int layer, uint32_t offered) {
    errno = ENOTSUP;
    bool joined = join < 0 || write(join, "0", 1) == 1;
    // A slot that has one directory for both controllers has one descriptor to join by.
    bool limited = joined && offered & bit;
    sandbox_check(build, limited, OSTLER_STAGE_CGROUP, layer, "limit");
}

void sandbox_join_cgroups(struct build *build, uint32_t offered) {
    const struct cgroup_slot *group = &build->slot->cgroup;
    join_cgroup(build, group->memory_join, LAYER(MEMORY), OSTLER_LAYER_MEMORY, offered);
    join_cgroup(build, group->pids_join, LAYER(PIDS), OSTLER_LAYER_PIDS, offered);
}

/// A new one belongs to the launcher's user namespace too, so nobody inside can configure it.
static bool raise_loopback(void) {
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    bool good = any >= 0 && ioctl(any, SIOCSIFFLAGS, &request) == 0;
    int saved = errno;
    if (any >= 0) close(any);
    errno = saved;
    return good;
}

/// Where loopback is up, what a sandbox leaves in the kernel's tables of connections must not be its slot's next's: a
/// namespace that is new costs more, and is nobody else's ever.
static void enter_net(struct build *build) {
    if (!(build->plan->asked & LAYER(NET_NS))) return;
    bool loopback = build->plan->loopback;
    bool good = loopback ? unshare(CLONE_NEWNET) == 0 && raise_loopback() : setns(build->slot->net, CLONE_NEWNET) == 0;
    sandbox_check(build, good, OSTLER_STAGE_NET, OSTLER_LAYER_NET_NS, loopback ? "loopback" : "setns");
}

static void name_host(struct build *build) {
    if (LEAVES_OUT(build->plan, UTS_NS)) return;
    const char *name = build->plan->hostname;
    size_t length = 0;
    while (name && name[length]) length++;
    if (name && sethostname(name, length) < 0) {
        sandbox_refuse(build, OSTLER_STAGE_UTS, OSTLER_LAYER_UTS_NS, "sethostname", NULL);
    }
}

static bool is_same_file(int a, int b) {
    struct stat first, second;
    bool known = fstat(a, &first) == 0 && fstat(b, &second) == 0;
    return known && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/// A command that opens /dev/stderr opens the pipe by its mode, which is 0600 for the one who made it. A terminal that it
/// is to control was made for it too; any other is the caller's.
void sandbox_own_streams(struct build *build, uid_t uid, gid_t gid) {
    for (unsigned i = 0; i < 3; i++) {
        struct statfs status;
        int fd = build->request->streams[i];
        bool is_pipe = fstatfs(fd, &status) == 0 && status.f_type == PIPEFS_MAGIC;
        bool is_terminal = build->request->terminal && is_same_file(fd, build->request->streams[0]);
        if (!is_pipe && !is_terminal) continue;
        if (fchown(fd, uid, gid) < 0) errno = 0;
    }
}

static void enter_user(struct build *build) {
    if (LEAVES_OUT(build->plan, USER_NS)) return;
    bool good = setns(build->slot->user, CLONE_NEWUSER) == 0;
    if (!good) sandbox_refuse(build, OSTLER_STAGE_USER, OSTLER_LAYER_USER_NS, "setns", NULL);
}

static void change_ids(struct build *build) {
    if (LEAVES_OUT(build->plan, USER_NS)) return;
    // Group before user: afterwards there is no right to change it.
    if ((launcher.real_root && setgroups(0, NULL) < 0) || setresgid(SANDBOX_UID, SANDBOX_UID, SANDBOX_UID) < 0 ||
        setresuid(SANDBOX_UID, SANDBOX_UID, SANDBOX_UID) < 0) {
        sandbox_refuse(build, OSTLER_STAGE_USER, OSTLER_LAYER_USER_NS, "setresuid", NULL);
    }
    build->layers |= LAYER(USER_NS);
}

static void become_user(struct build *build) {
    bool keeps_caps = LEAVES_OUT(build->plan, CAPS);
    enter_user(build);
    bool dropped = keeps_caps || caps_drop_bounding();
    if (!dropped) sandbox_check(build, false, OSTLER_STAGE_CAPS, OSTLER_LAYER_CAPS, "bounding set");
    change_ids(build);
    if (!keeps_caps) sandbox_check(build, caps_clear() && dropped, OSTLER_STAGE_CAPS, OSTLER_LAYER_CAPS, "capset");
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/// After the change of user, which would have cleared it. A launcher that died before this call is seen by its pidfd:
/// the parent's number is 0 here whether it lives or not.
static void follow_launcher(struct build *build) {
    if (LEAVES_OUT(build->plan, PDEATH)) return;
    bool good = prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
    sandbox_check(build, good, OSTLER_STAGE_PDEATH, OSTLER_LAYER_PDEATH, "prctl");
    struct pollfd self = {.fd = launcher.self, .events = POLLIN};
    if (poll(&self, 1, 0) != 0) _exit(1);
}

static bool limit(unsigned resource, uint64_t value) {
    rlim_t hard = launcher.rlimits[resource].rlim_max;
    // At the hard limit of processor time the kernel kills without a word; a second before, its signal says why.
    uint64_t most = resource == RLIMIT_CPU && value < RLIM_INFINITY - 1 ? value + 1 : value;
    struct rlimit limit = {value < hard ? value : hard, most < hard ? most : hard};
    return setrlimit((__rlimit_resource_t)resource, &limit) == 0;
}

void sandbox_limit(struct build *build) {
    const struct plan *plan = build->plan;
    bool good = true;
    if (LEAVES_OUT(plan, RLIMITS)) return;
    for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++) {
        if (plan->rlimit_set & (1u << resource)) good = limit(resource, plan->rlimit[resource]) && good;
    }
    // The launcher raised its own.
    if (!(plan->rlimit_set & (1u << RLIMIT_NOFILE))) setrlimit(RLIMIT_NOFILE, &launcher.rlimits[RLIMIT_NOFILE]);
    // In place of a cgroup, weaker: for each process, and for all of a user's processes in one user namespace.
    if (!(build->layers & LAYER(MEMORY)) && plan->limits.memory_bytes && !(plan->rlimit_set & (1u << RLIMIT_DATA))) {
        good = limit(RLIMIT_DATA, plan->limits.memory_bytes) && good;
    }
    if (!(build->layers & LAYER(PIDS)) && plan->limits.processes && !(plan->rlimit_set & (1u << RLIMIT_NPROC))) {
        good = limit(RLIMIT_NPROC, plan->limits.processes + 1 + build->others) && good;
    }
    sandbox_check(build, good, OSTLER_STAGE_RLIMIT, OSTLER_LAYER_RLIMITS, "setrlimit");
}

void sandbox_renounce(struct build *build) {
    if (LEAVES_OUT(build->plan, NO_NEW_PRIVS)) return;
    bool good = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    sandbox_check(build, good, OSTLER_STAGE_NO_NEW_PRIVS, OSTLER_LAYER_NO_NEW_PRIVS, "prctl");
}

static bool has_landlock(const struct build *build) {
    return build->plan->has_landlock && !LEAVES_OUT(build->plan, LANDLOCK);
}

/// Before the limit of open files, which counts what the launcher has open. -1: there is none.
static int make_writing_rules(struct build *build) {
    const char *what;
    if (!has_landlock(build) || build->plan->ruleset < 0 || LEAVES_OUT(build->plan, MOUNT_NS)) return -1;
    int rules = landlock_create_writing(build, &what);
    if (rules < 0) sandbox_refuse(build, OSTLER_STAGE_LANDLOCK, OSTLER_LAYER_LANDLOCK, "rule for", what);
    return rules;
}

/// After all mounts: it forbids them.
static void enter_landlock(struct build *build, int writing) {
    if (!has_landlock(build)) return;
    bool good = landlock_enter(build->plan->ruleset) && (writing < 0 || landlock_enter(writing));
    sandbox_check(build, good, OSTLER_STAGE_LANDLOCK, OSTLER_LAYER_LANDLOCK, "restrict_self");
}

void sandbox_filter(struct build *build) {
    if (build->plan->seccomp == OSTLER_SECCOMP_NONE || LEAVES_OUT(build->plan, SECCOMP)) return;
    bool good = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, seccomp_program(build->plan->seccomp), 0, 0) == 0;
    sandbox_check(build, good, OSTLER_STAGE_SECCOMP, OSTLER_LAYER_SECCOMP, "filter");
}

/// Brings the streams to their places and closes all else. The report stays, and rules for the command if there are any.
/// Low numbers are all taken in the launcher, so no stream is overwritten before it is moved.
void sandbox_close(struct build *build, int rules) {
    bool good = true;
    for (int i = 0; i < 4; i++) {
        int fd = build->request->streams[i];
        if (fd >= 0) good = dup2(fd, i) == i && good;
        else close(i);
    }
    good = dup3(build->slot->report, REPORT_FD, O_CLOEXEC) == REPORT_FD && good;
    if (rules >= 0) good = (rules == RULES_FD || dup3(rules, RULES_FD, O_CLOEXEC) == RULES_FD) && good;
    unsigned first = rules >= 0 ? RULES_FD + 1 : REPORT_FD + 1;
    good = (LEAVES_OUT(build->plan, FDS) || call_close_range(first, ~0u) == 0) && good;
    sandbox_check(build, good, OSTLER_STAGE_FDS, OSTLER_LAYER_FDS, "close_range");
}

void sandbox_require(struct build *build) {
    uint32_t missing = build->plan->required & ~build->layers;
    if (!missing) return;
    errno = ENOTSUP;
    int layer = __builtin_ctz(missing);
    sandbox_refuse(build, OSTLER_STAGE_REQUEST, layer, "a required layer cannot be had:", ostler_layer_name(layer));
}

void sandbox_main(struct slot *slot, const struct request *request, uint32_t cgroup_layers) {
    struct build build = {
        .slot = slot,
        .plan = request->plan,
        .request = request,
        .progress = slot->progress,
        .layers = request->plan->layers,
    };
    if (build.plan->fence != OSTLER_FENCE_NONE) sandbox_join_cgroups(&build, cgroup_layers);
    if (build.plan->fence != OSTLER_FENCE_NAMESPACES) contained_main(&build);
    build.layers |= LAYER(PID_NS) | LAYER(IPC_NS) | LAYER(UTS_NS) | LAYER(INIT) | LAYER(ENV);
    sandbox_mounts(&build);
    int writing = make_writing_rules(&build);
    enter_net(&build);
    name_host(&build);
    if (launcher.real_root) sandbox_own_streams(&build, slot->uid, slot->gid);
    become_user(&build);
    follow_launcher(&build);
    umask(022);
    sandbox_limit(&build);
    sandbox_renounce(&build);
    enter_landlock(&build, writing);
    sandbox_filter(&build);
    sandbox_close(&build, -1);
    sandbox_require(&build);
    init_main(&build);
}
