// What the strict filter refuses. Everything else up to HIGHEST_KNOWN is allowed.
// Calls that an architecture does not have, or that are older or newer than its headers, stand under #ifdef.
#ifndef OSTLER_SECCOMP_RULES_H
#define OSTLER_SECCOMP_RULES_H

#include <stdint.h>
#include <sys/syscall.h>

// removexattrat. From 424 on, numbers are the same on all architectures; what is newer has not been judged yet, and
// programs cope with ENOSYS from a new call.
#define HIGHEST_KNOWN 466u

enum verdict {
    VERDICT_ALLOW,
    VERDICT_EPERM,
    VERDICT_ENOSYS,
    VERDICT_CLONE,       // no new namespaces
    VERDICT_SOCKET,      // four families
    VERDICT_IOCTL,       // no TIOCSTI, no TIOCLINUX
    VERDICT_PERSONALITY, // harmless ones
    VERDICT_MKNOD,       // no device nodes; the mode is the second argument
    VERDICT_MKNODAT,     // the third
    VERDICT_NO_SOCKET,
    VERDICT_OWN, // only of the caller itself, which the first argument says by 0
    VERDICT_COUNT,
    VERDICT_SETUP,       // EPERM; but a sandbox that is being made needs it
    VERDICT_MEMORY_FILE, // ENOSYS where lists of programs are in force, else allowed
    VERDICT_SHARED,      // EPERM where no namespace keeps it apart, else allowed
    VERDICT_OTHERS,      // OWN there
};

struct rule {
    uint32_t number;
    uint32_t verdict;
};

static const struct rule rules[] = {
    // clone3 passes its flags by pointer, which a filter cannot read: libc falls back to clone on ENOSYS only.
    {SYS_clone3, VERDICT_ENOSYS},
    {SYS_clone, VERDICT_CLONE},
    {SYS_socket, VERDICT_SOCKET},
    {SYS_socketpair, VERDICT_SOCKET},
    {SYS_ioctl, VERDICT_IOCTL},
    {SYS_personality, VERDICT_PERSONALITY},
    {SYS_mknodat, VERDICT_MKNODAT},
#ifdef SYS_mknod
    {SYS_mknod, VERDICT_MKNOD},
#endif

    {SYS_memfd_create, VERDICT_MEMORY_FILE},
#ifdef SYS_memfd_secret
    {SYS_memfd_secret, VERDICT_MEMORY_FILE},
#endif

    {SYS_shmget, VERDICT_SHARED},
    {SYS_shmat, VERDICT_SHARED},
    {SYS_msgget, VERDICT_SHARED},
    {SYS_semget, VERDICT_SHARED},
    {SYS_mq_open, VERDICT_SHARED},
    {SYS_prlimit64, VERDICT_OTHERS},
    {SYS_sched_setaffinity, VERDICT_OTHERS},
    {SYS_sched_setscheduler, VERDICT_OTHERS},
    {SYS_sched_setparam, VERDICT_OTHERS},
    {SYS_sched_setattr, VERDICT_OTHERS},

    // namespaces and mounts
    {SYS_unshare, VERDICT_SETUP},
    {SYS_setns, VERDICT_SETUP},
    {SYS_mount, VERDICT_SETUP},
    {SYS_umount2, VERDICT_SETUP},
    {SYS_pivot_root, VERDICT_SETUP},
    {SYS_chroot, VERDICT_EPERM},
    {SYS_open_tree, VERDICT_SETUP},
    {SYS_move_mount, VERDICT_SETUP},
    {SYS_fsopen, VERDICT_SETUP},
    {SYS_fsconfig, VERDICT_SETUP},
    {SYS_fsmount, VERDICT_SETUP},
    {SYS_fspick, VERDICT_SETUP},
    {SYS_mount_setattr, VERDICT_SETUP},
    {SYS_open_by_handle_at, VERDICT_EPERM},
    {SYS_name_to_handle_at, VERDICT_EPERM},
    {SYS_quotactl, VERDICT_EPERM},
#ifdef SYS_quotactl_fd
    {SYS_quotactl_fd, VERDICT_EPERM},
#endif
    {SYS_swapon, VERDICT_EPERM},
    {SYS_swapoff, VERDICT_EPERM},
    {SYS_fanotify_init, VERDICT_EPERM},

    // other processes
    {SYS_ptrace, VERDICT_EPERM},
    {SYS_process_vm_readv, VERDICT_EPERM},
    {SYS_process_vm_writev, VERDICT_EPERM},
    {SYS_kcmp, VERDICT_EPERM},
    {SYS_pidfd_getfd, VERDICT_EPERM},
    {SYS_move_pages, VERDICT_EPERM},
    {SYS_migrate_pages, VERDICT_EPERM},

    // keys, tracing, asynchronous doors around the filter
    {SYS_keyctl, VERDICT_EPERM},
    {SYS_add_key, VERDICT_EPERM},
    {SYS_request_key, VERDICT_EPERM},
    {SYS_bpf, VERDICT_EPERM},
    {SYS_perf_event_open, VERDICT_EPERM},
    {SYS_userfaultfd, VERDICT_EPERM},
    {SYS_lookup_dcookie, VERDICT_EPERM},
    {SYS_io_uring_setup, VERDICT_ENOSYS},
    {SYS_io_uring_enter, VERDICT_ENOSYS},
    {SYS_io_uring_register, VERDICT_ENOSYS},

    // the machine
    {SYS_kexec_load, VERDICT_EPERM},
    {SYS_init_module, VERDICT_EPERM},
    {SYS_finit_module, VERDICT_EPERM},
    {SYS_delete_module, VERDICT_EPERM},
    {SYS_reboot, VERDICT_EPERM},
    {SYS_settimeofday, VERDICT_EPERM},
    {SYS_clock_settime, VERDICT_EPERM},
    {SYS_clock_adjtime, VERDICT_EPERM},
    {SYS_adjtimex, VERDICT_EPERM},
    {SYS_acct, VERDICT_EPERM},
    {SYS_syslog, VERDICT_EPERM},
    {SYS_vhangup, VERDICT_EPERM},
    {SYS_sethostname, VERDICT_SETUP},
    {SYS_setdomainname, VERDICT_EPERM},
    {SYS_nfsservctl, VERDICT_EPERM},
#ifdef SYS_kexec_file_load
    {SYS_kexec_file_load, VERDICT_EPERM},
#endif
#ifdef SYS_iopl
    {SYS_iopl, VERDICT_EPERM},
    {SYS_ioperm, VERDICT_EPERM},
#endif
#ifdef SYS_modify_ldt
    {SYS_modify_ldt, VERDICT_EPERM},
#endif
};

#endif
