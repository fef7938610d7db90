// Starts a command in a place that refuses something, as kernels without it, containers and policies do.
//
//   refuse seccomp COMMAND…      filters cannot be installed
//   refuse landlock COMMAND…     the kernel has no Landlock
//   refuse namespaces COMMAND…   no further user namespace is granted (asks for root)
//   refuse container COMMAND…    what a container's default profile refuses: namespaces, mounts, keys, bpf and more
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>

#include "escape.h"

#ifdef __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif

enum { NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET };

static struct sock_filter code[256];
static unsigned short length;

static void emit(unsigned short instruction, unsigned value, unsigned char yes, unsigned char no) {
    code[length++] = (struct sock_filter){instruction, yes, no, value};
}

static void refuse_call(unsigned number, int err) {
    emit(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
    emit(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err, 0, 0);
}

/// Refuses a call if an argument is a value, or has one of its bits.
static void refuse_argument(unsigned number, unsigned argument, unsigned short test, unsigned value, int err) {
    emit(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4);
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * argument, 0, 0);
    emit(BPF_JMP | test | BPF_K, value, 0, 1);
    emit(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err, 0, 0);
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
}

static void refuse_container_calls(void) {
    static const unsigned refused[] = {
        SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_open_tree, SYS_move_mount, SYS_fsopen,
        SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_bpf,
        SYS_perf_event_open, SYS_userfaultfd, SYS_sethostname, SYS_setdomainname, SYS_open_by_handle_at, SYS_reboot,
        SYS_kexec_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_swapon, SYS_swapoff, SYS_acct,
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) refuse_call(refused[i], EPERM);
    refuse_argument(SYS_clone, 0, BPF_JSET, NAMESPACES, EPERM);
    refuse_call(SYS_clone3, ENOSYS);
    refuse_call(SYS_io_uring_setup, ENOSYS);
}

static bool write_all_ids(pid_t process, const char *map) {
    static const char all[] = "0 0 4294967295";
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", process, map);
    int file = open(path, O_WRONLY);
    return file >= 0 && write(file, all, sizeof all - 1) == sizeof all - 1;
}

/// A user namespace in which everybody is who he was, and whose limit of further ones is 0.
static bool forbid_namespaces(void) {
    int made[2], status = 1;
    pid_t self = getpid(), writer;
    if (pipe(made) < 0 || (writer = fork()) < 0) return false;
    if (writer == 0) {
        char byte;
        bool good = read(made[0], &byte, 1) == 1 && write_all_ids(self, "uid_map") && write_all_ids(self, "gid_map");
        _exit(!good);
    }
    if (unshare(CLONE_NEWUSER) < 0 || write(made[1], "x", 1) != 1) return false;
    waitpid(writer, &status, 0);
    close(made[0]);
    close(made[1]);
    int limit = open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
    return status == 0 && limit >= 0 && write(limit, "0", 1) == 1;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    if (!strcmp(argv[1], "namespaces")) {
        if (forbid_namespaces()) execv(argv[2], argv + 2);
        return 3;
    }
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    emit(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
    emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    if (!strcmp(argv[1], "seccomp")) {
        refuse_call(SYS_seccomp, ENOSYS);
        refuse_argument(SYS_prctl, 0, BPF_JEQ, PR_SET_SECCOMP, EINVAL);
    } else if (!strcmp(argv[1], "landlock")) {
        refuse_call(444, ENOSYS);
    } else if (!strcmp(argv[1], "container")) {
        refuse_container_calls();
    } else {
        return 2;
    }
    emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    struct sock_fprog program = {length, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) return 3;
    execv(argv[2], argv + 2);
    return 3;
}
