// The launcher's own surroundings: descriptors, signals, namespaces, and what this machine and user can do.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "calls.h"
#include "launcher.h"

static bool read_arguments(int argc, char **argv) {
    if (argc != 4 && argc != 5) return false;
    launcher.has_namespaces = argc == 4;
    if (argc == 5 && strcmp(argv[4], "without-namespaces") != 0) return false;
    const char *run = argv[1];
    size_t length = strspn(run, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    char *end_first, *end_count;
    unsigned long first = strtoul(argv[2], &end_first, 10);
    unsigned long count = strtoul(argv[3], &end_count, 10);
    if (length == 0 || run[length] || *end_first || *end_count) return false;
    // Slots that share the host's root, or run past the last number, are no isolation.
    if (count && (first == 0 || first >= UINT32_MAX || count > UINT32_MAX - first)) return false;
    launcher.first_uid = (uint32_t)first;
    launcher.uid_count = (uint32_t)count;
    launcher.slot_limit = count < SLOT_MAX ? (uint32_t)count : SLOT_MAX;
    return true;
}

/// Nothing of the host's is kept but the control socket and stderr. The first descriptor after them must be the epoll:
/// what a sandbox moves to 0..4 lies above.
static bool setup_descriptors(void) {
    launcher.null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (launcher.null < 0 || dup2(launcher.null, 0) < 0 || dup2(launcher.null, 1) < 0) return false;
    if (call_close_range(4, LAST_CLOSED) < 0) return false;
    launcher.epoll = epoll_create1(EPOLL_CLOEXEC);
    launcher.null = open("/dev/null", O_RDWR | O_CLOEXEC);
    launcher.self = call_pidfd_open(getpid());
    if (launcher.epoll != REPORT_FD || launcher.null < 0 || launcher.self < 0) return false;
    if (fcntl(OSTLER_CONTROL_FD, F_SETFD, FD_CLOEXEC) < 0) return false;
    for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++) {
        if (getrlimit((__rlimit_resource_t)resource, &launcher.rlimits[resource]) < 0) return false;
    }
    struct rlimit files = launcher.rlimits[RLIMIT_NOFILE];
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    return true;
}

/// All signals are blocked for good, SIGPIPE too, and none is ignored or handled: a command then has only its mask to
/// clear. Answers a descriptor of those that end the launcher.
int setup_signals(void) {
    for (int signal = 1; signal < NSIG; signal++) call_default_signal(signal);
    sigset_t all, ending;
    sigfillset(&all);
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGHUP);
    if (sigprocmask(SIG_SETMASK, &all, NULL) < 0) return -1;
    return signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
}

/// A session keyring is inherited, and /proc/keys tells the names of what is in it. The filter refuses the calls that
/// read keys, so a kernel that grants no new keyring here is no reason to refuse.
static void leave_keyring(void) {
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0) errno = 0;
}

static bool has_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};
    const uint32_t wanted = 1u << CAP_SYS_ADMIN | 1u << CAP_SETUID | 1u << CAP_SETGID | 1u << CAP_KILL;
    return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & wanted) == wanted;
}

/// What the host mounts later is seen, what is mounted here is not.
static bool detach_mounts(void) {
    return call_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0;
}

static bool enter_as_root(void) {
    if (geteuid() != 0 || !launcher.slots[0].id || !has_capabilities()) return false;
    launcher.real_root = true;
    if (unshare(CLONE_NEWNS) == 0 && detach_mounts() && slot_try() == 0) return true;
    launcher.real_root = false;
    return false;
}

/// Files of the kernel's own belong to the root outside of all user namespaces, by whatever number that is seen here.
static bool is_outer_root(void) {
    struct stat status;
    return stat("/proc/sys/kernel/core_pattern", &status) < 0 ? geteuid() == 0 : status.st_uid == geteuid();
}

static bool enter_as_user(const char **what) {
    char text[64];
    uid_t uid = geteuid();
    gid_t gid = getegid();
    bool outer_root = is_outer_root();
    *what = "unshare: user and mount namespace";
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) return false;
    // Its only id would be that of root outside, who owns much that can be written without any capability.
    *what = "root without CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID, CAP_KILL and ids to give (a free one, and /run, /dev/shm or "
            "/tmp to lock it) would be root outside";
    errno = ENOTSUP;
    if (outer_root) return false;
    *what = "map of the user namespace";
    if (!write_file("/proc/self/setgroups", "deny")) return false;
    snprintf(text, sizeof text, "%u %u 1", uid, uid);
    if (!write_file("/proc/self/uid_map", text)) return false;
    snprintf(text, sizeof text, "%u %u 1", gid, gid);
    if (!write_file("/proc/self/gid_map", text)) return false;
    launcher.initial_user_ns = false;
    launcher.slot_limit = SLOT_MAX;
    *what = "mount propagation";
    if (!detach_mounts()) return false;
    *what = "user and network namespace of a slot";
    return slot_try() == 0;
}

static void look_around(void) {
    char text[256];
    unsigned inside, outside, count;
    launcher.last_cap = read_file("/proc/sys/kernel/cap_last_cap", text, sizeof text) > 0 ? atoi(text) : CAP_LAST_CAP;
    launcher.initial_user_ns = read_file("/proc/self/uid_map", text, sizeof text) > 0 &&
                               sscanf(text, "%u %u %u", &inside, &outside, &count) == 3 && count == UINT32_MAX;
}

static void send_ready(bool seccomp) {
    struct ostler_ready ready = {
        .version = OSTLER_LAUNCH_VERSION,
        .uid_range_used = launcher.real_root,
        .memory_mode = launcher.memory_mode,
        .pids_mode = launcher.pids_mode,
        .landlock_abi = (uint32_t)launcher.landlock_abi,
        .seccomp = seccomp,
        .namespaces = launcher.has_namespaces,
        .own_ids = launcher.has_ids,
    };
    send_host(OSTLER_EV_READY, 0, 0, &ready, sizeof ready);
}

bool setup(int argc, char **argv, const char **what) {
    errno = EINVAL;
    *what = "usage: ostler-launch RUN FIRST_UID UIDS [without-namespaces], with the control socket as descriptor 3";
    if (!read_arguments(argc, argv)) return false;
    *what = "descriptors";
    if (!setup_descriptors()) return false;
    // Fails only for a leader of a process group, which a terminal's signals do not reach either.
    if (setsid() < 0) errno = 0;
    leave_keyring();
    *what = "signals";
    int signals = setup_signals();
    if (signals < 0 || !watch(signals, SOURCE_SIGNAL, 0, EPOLLIN)) return false;
    *what = "control socket";
    if (!watch(OSTLER_CONTROL_FD, SOURCE_CONTROL, 0, EPOLLIN)) return false;
    // One record more than slots: for the builder of templates.
    size_t size = sizeof(struct progress) * (SLOT_MAX + 1);
    launcher.pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *what = "shared memory";
    if (launcher.pages == MAP_FAILED) return false;
    look_around();
    landlock_start();
    cgroup_start(argv[1]);
    *what = "first slot";
    if (!slot_first()) return false;
    contained_start();
    // There is no way back out of half a namespace: the host starts another launcher, which is told to do without.
    if (launcher.has_namespaces && !enter_as_root() && !enter_as_user(what)) return false;
    bool has_seccomp = seccomp_compile();
    if (has_seccomp) seccomp_enter_base();
    send_ready(has_seccomp);
    return true;
}
