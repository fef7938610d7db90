// System calls that glibc does not wrap everywhere. <linux/mount.h> and <sys/mount.h> cannot be included together,
// so mount and umount2 are called by number too.
#ifndef OSTLER_CALLS_H
#define OSTLER_CALLS_H

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif

static inline int call_mount(const char *what, const char *where, const char *type, unsigned long flags,
                             const char *options) {
    return (int)syscall(SYS_mount, what, where, type, flags, options);
}

static inline int call_umount(const char *where, int flags) {
    return (int)syscall(SYS_umount2, where, flags);
}

static inline int call_pivot_root(const char *to, const char *old) {
    return (int)syscall(SYS_pivot_root, to, old);
}

static inline int call_open_tree_at(int directory, const char *path, unsigned flags) {
    return (int)syscall(SYS_open_tree, directory, path, flags | OPEN_TREE_CLOEXEC);
}

static inline int call_open_tree(const char *path, unsigned flags) {
    return call_open_tree_at(AT_FDCWD, path, flags);
}

static inline int call_move_mount(int tree, int point) {
    return (int)syscall(SYS_move_mount, tree, "", point, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static inline int call_mount_setattr(int tree, unsigned flags, struct mount_attr *attr) {
    return (int)syscall(SYS_mount_setattr, tree, "", flags | AT_EMPTY_PATH, attr, sizeof *attr);
}

static inline int call_fsopen(const char *type) {
    return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static inline int call_fsconfig(int context, unsigned command, const char *key, const char *value) {
    return (int)syscall(SYS_fsconfig, context, command, key, value, 0);
}

static inline int call_fsmount(int context, unsigned attributes) {
    return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
}

static inline int call_openat2(int directory, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

static inline int call_close_range(unsigned first, unsigned last) {
    return (int)syscall(SYS_close_range, first, last, 0);
}

static inline int call_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static inline int call_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

/// libc keeps two signals to itself and refuses to set them. A parent may have left them ignored all the same.
static inline int call_default_signal(int signal) {
    const unsigned long none[4] = {0}; // the kernel's sigaction: SIG_DFL, no flags, no restorer, an empty mask
    return (int)syscall(SYS_rt_sigaction, signal, none, NULL, sizeof(uint64_t));
}

/// As fork(2), with flags; the child's pidfd is stored if `flags` holds CLONE_PIDFD. Filters of containers refuse clone3,
/// whose flags they cannot read.
static inline pid_t call_clone(uint64_t flags, int *pidfd) {
    return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, pidfd, NULL, NULL);
}

#endif
