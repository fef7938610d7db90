// What the filter of this architecture answers to calls that every architecture has, found by running its program as the
// kernel would; and the sizes of all packets. Both must be the same everywhere.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "launcher.h"
#include "ostler_launch.h"

static uint32_t at(const struct seccomp_data *data, uint32_t offset) {
    uint32_t value;
    if (offset % 4 || offset > sizeof *data - sizeof value) exit(3);
    memcpy(&value, (const char *)data + offset, sizeof value);
    return value;
}

/// Only what the filter is made of; anything else is a fault of this program.
static uint32_t run(const struct sock_fprog *program, const struct seccomp_data *data) {
    uint32_t value = 0;
    for (unsigned at_instruction = 0; at_instruction < program->len; at_instruction++) {
        const struct sock_filter *step = &program->filter[at_instruction];
        switch (step->code) {
        case BPF_LD | BPF_W | BPF_ABS: value = at(data, step->k); break;
        case BPF_ALU | BPF_AND | BPF_K: value &= step->k; break;
        case BPF_JMP | BPF_JEQ | BPF_K: at_instruction += value == step->k ? step->jt : step->jf; break;
        case BPF_JMP | BPF_JGE | BPF_K: at_instruction += value >= step->k ? step->jt : step->jf; break;
        case BPF_JMP | BPF_JSET | BPF_K: at_instruction += value & step->k ? step->jt : step->jf; break;
        case BPF_RET | BPF_K: return step->k;
        default: exit(4);
        }
    }
    exit(5);
}

static uint32_t native;

static void tell(const char *name, int number, uint32_t architecture, uint64_t a, uint64_t b, uint64_t c) {
    struct seccomp_data data = {.nr = number, .arch = architecture, .args = {a, b, c}};
    printf("%s(%llx, %llx, %llx)", name, (unsigned long long)a, (unsigned long long)b, (unsigned long long)c);
    for (uint32_t profile = OSTLER_SECCOMP_STRICT; profile <= OSTLER_SECCOMP_CONTAINED; profile++) {
        uint32_t answer = run(seccomp_program(profile), &data);
        const char *what = answer == SECCOMP_RET_ALLOW ? "allowed" : answer == SECCOMP_RET_KILL_PROCESS ? "killed" : NULL;
        if (what) printf(" %s", what);
        else if ((answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO) printf(" errno %u", answer & SECCOMP_RET_DATA);
        else exit(6);
    }
    printf("\n");
}

/// As the kernel does: the stricter action, whichever filter says it.
static uint32_t stricter(uint32_t one, uint32_t other) {
    int32_t a = (int32_t)(one & SECCOMP_RET_ACTION_FULL), b = (int32_t)(other & SECCOMP_RET_ACTION_FULL);
    return a <= b ? one : other;
}

/// What a launcher takes upon itself and what a sandbox adds must be no less and no more than the whole.
static void compare_parts(void) {
    static const uint64_t arguments[] = {0, 1, 2, AF_NETLINK, 9, 0x5412, S_IFCHR, S_IFIFO, CLONE_NEWUSER, 1ULL << 40, ~0ULL};
    enum { COUNT = sizeof arguments / sizeof arguments[0] };
    unsigned different = 0, denied = 0;
    for (uint32_t profile = OSTLER_SECCOMP_STRICT; profile <= OSTLER_SECCOMP_CONTAINED; profile++) {
        for (int number = 0; number < 600; number++) {
            for (unsigned i = 0; i < COUNT * COUNT * COUNT; i++) {
                struct seccomp_data data = {.nr = number < 590 ? number : number | 0x40000000, .arch = native};
                data.args[0] = arguments[i % COUNT];
                data.args[1] = arguments[i / COUNT % COUNT];
                data.args[2] = arguments[i / COUNT / COUNT];
                uint32_t whole = run(seccomp_part(SECCOMP_WHOLE, profile), &data);
                uint32_t base = run(seccomp_part(SECCOMP_BASE, profile), &data);
                if (whole != stricter(run(seccomp_part(SECCOMP_REST, profile), &data), base)) different++;
                if (whole != SECCOMP_RET_ALLOW) denied++;
            }
        }
    }
    printf("calls denied by the whole %s, answered otherwise by its parts %u\n", denied ? "some" : "none", different);
}

#define CALL(name, ...) tell(#name, SYS_##name, native, __VA_ARGS__)
#define SIZE(name) printf("%s %zu\n", #name, sizeof(struct name))

int main(void) {
    seccomp_compile();
    native = seccomp_program(OSTLER_SECCOMP_STRICT)->filter[1].k;
    compare_parts();
    tell("read of another architecture", SYS_read, native ^ 1, 0, 0, 0);
    tell("a call to come", 467, native, 0, 0, 0);
    tell("a call far away", 0x40000000, native, 0, 0, 0);
    CALL(read, 0, 0, 0);
    CALL(write, 1, 0, 0);
    CALL(openat, 0, 0, 0);
    CALL(execve, 0, 0, 0);
    CALL(futex, 0, 0, 0);
    CALL(rseq, 0, 0, 0);
    CALL(removexattr, 0, 0, 0);
    CALL(clone, SIGCHLD, 0, 0);
    CALL(clone, CLONE_NEWUSER | SIGCHLD, 0, 0);
    CALL(clone, CLONE_NEWNET, 0, 0);
    CALL(clone, 1ULL << 40 | CLONE_NEWNS, 0, 0);
    CALL(clone3, 0, 0, 0);
    CALL(socket, AF_UNIX, SOCK_STREAM, 0);
    CALL(socket, AF_INET6, SOCK_DGRAM, 0);
    CALL(socket, AF_NETLINK, SOCK_RAW, 0);
    CALL(socket, AF_NETLINK, SOCK_RAW, 9);
    CALL(socket, AF_VSOCK, SOCK_STREAM, 0);
    CALL(socket, AF_ALG, SOCK_SEQPACKET, 0);
    CALL(ioctl, 0, 0x5401, 0);
    CALL(ioctl, 0, 0x5412, 0);
    CALL(personality, 0, 0, 0);
    CALL(personality, 0x0400000, 0, 0);
    CALL(mknodat, 0, 0, S_IFIFO | 0600);
    CALL(mknodat, 0, 0, S_IFCHR | 0600);
    CALL(memfd_create, 0, 0, 0);
    CALL(unshare, 0, 0, 0);
    CALL(setns, 0, 0, 0);
    CALL(mount, 0, 0, 0);
    CALL(pivot_root, 0, 0, 0);
    CALL(move_mount, 0, 0, 0);
    CALL(open_by_handle_at, 0, 0, 0);
    CALL(ptrace, 0, 0, 0);
    CALL(process_vm_readv, 0, 0, 0);
    CALL(pidfd_getfd, 0, 0, 0);
    CALL(keyctl, 0, 0, 0);
    CALL(bpf, 0, 0, 0);
    CALL(perf_event_open, 0, 0, 0);
    CALL(userfaultfd, 0, 0, 0);
    CALL(io_uring_setup, 0, 0, 0);
    CALL(kexec_load, 0, 0, 0);
    CALL(finit_module, 0, 0, 0);
    CALL(clock_settime, 0, 0, 0);
    CALL(sethostname, 0, 0, 0);
    SIZE(ostler_header);
    SIZE(ostler_spawn);
    SIZE(ostler_launch_request);
    SIZE(ostler_task);
    SIZE(ostler_signal);
    SIZE(ostler_ready);
    SIZE(ostler_plan_ready);
    SIZE(ostler_failed);
    SIZE(ostler_exited);
    SIZE(ostler_reaped);
    SIZE(ostler_gone);
    SIZE(ostler_step);
    SIZE(ostler_require);
    SIZE(ostler_bind);
    SIZE(ostler_tmpfs);
    SIZE(ostler_file_id);
    SIZE(ostler_stamp);
    SIZE(ostler_host_file);
    SIZE(ostler_rlimit);
    SIZE(ostler_limits);
    SIZE(ostler_seccomp);
    SIZE(ostler_programs);
    SIZE(ostler_landlock);
    SIZE(ostler_answer);
    SIZE(ostler_fence);
    SIZE(ostler_rule);
    return 0;
}
