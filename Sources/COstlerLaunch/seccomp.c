// The strict filter as a balanced tree over ranges of numbers. When a filter is attached the kernel compiles it and runs it
// once for every number that could pass so far, so the time to attach is its length and the number of instructions on the
// way to each leaf. A launcher therefore takes upon itself, once, what no sandbox needs to be made; every sandbox inherits
// that and attaches the rest, which is short. The kernel asks both parts of each call, and the stricter answer counts.
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/personality.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "calls.h"
#include "launcher.h"
#include "seccomp_rules.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "the filter knows x86-64 and aarch64"
#endif

enum {
    RULE_COUNT = sizeof rules / sizeof rules[0],
    RANGE_MAX = 2 * RULE_COUNT + 2,
    CODE_MAX = 256,
    NEW_NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                     CLONE_NEWNET,
};

struct range {
    uint32_t first;
    uint32_t verdict;
};

// By part and profile; profile NONE has none.
static struct sock_filter codes[SECCOMP_PARTS][OSTLER_SECCOMP_CONTAINED + 1][CODE_MAX];
static struct sock_fprog programs[SECCOMP_PARTS][OSTLER_SECCOMP_CONTAINED + 1];
static bool too_long;

// The one that is being made.
static struct sock_filter *code;
static struct sock_fprog program;

static unsigned emit(uint16_t instruction, uint32_t value, uint8_t if_true, uint8_t if_false) {
    unsigned at = program.len;
    if (at == CODE_MAX) {
        too_long = true;
        return 0;
    }
    code[at] = (struct sock_filter){instruction, if_true, if_false, value};
    program.len++;
    return at;
}

static void emit_answer(uint32_t answer) {
    emit(BPF_RET | BPF_K, answer, 0, 0);
}

static void emit_errno(int err) {
    emit_answer(SECCOMP_RET_ERRNO | (uint32_t)err);
}

/// The low half only: the kernel itself drops the high half of these arguments, so a filter that compared all of it
/// could be passed with a stray high bit.
static void emit_load(unsigned argument) {
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * argument, 0, 0);
}

/// Answers `inside` if what was loaded is one of `values`, else `outside`.
static void emit_choice(const uint32_t *values, unsigned count, uint32_t inside, uint32_t outside) {
    for (unsigned i = 0; i < count; i++) emit(BPF_JMP | BPF_JEQ | BPF_K, values[i], (uint8_t)(count - i), 0);
    emit_answer(outside);
    emit_answer(inside);
}

static void emit_socket(void) {
    static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6};
    emit_load(0);
    // NETLINK_ROUTE is 0: libc asks it for the interfaces.
    emit(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 4);
    emit_load(2);
    emit(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_ROUTE, 0, 1);
    emit_answer(SECCOMP_RET_ALLOW);
    emit_errno(EAFNOSUPPORT);
    emit_choice(families, 3, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
}

static void emit_personality(void) {
    static const uint32_t harmless[] = {0, UINT32_MAX, ADDR_NO_RANDOMIZE, PER_LINUX32, PER_LINUX32 | ADDR_NO_RANDOMIZE};
    emit_load(0);
    emit_choice(harmless, 5, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM);
}

static void emit_ioctl(void) {
    static const uint32_t typing[] = {TIOCSTI, TIOCLINUX};
    emit_load(1);
    emit_choice(typing, 2, SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW);
}

static void emit_mknod(unsigned mode_argument) {
    static const uint32_t devices[] = {S_IFCHR, S_IFBLK};
    emit_load(mode_argument);
    emit(BPF_ALU | BPF_AND | BPF_K, S_IFMT, 0, 0);
    emit_choice(devices, 2, SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW);
}

static void emit_verdict(uint32_t verdict) {
    switch (verdict) {
    case VERDICT_ALLOW:
        return emit_answer(SECCOMP_RET_ALLOW);
    case VERDICT_ENOSYS:
        return emit_errno(ENOSYS);
    case VERDICT_CLONE:
        emit_load(0);
        emit(BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 1);
        emit_errno(EPERM);
        return emit_answer(SECCOMP_RET_ALLOW);
    case VERDICT_SOCKET:
        return emit_socket();
    case VERDICT_NO_SOCKET:
        return emit_errno(EAFNOSUPPORT);
    case VERDICT_OWN:
        // 0 is the caller itself.
        emit_load(0);
        emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
        emit_answer(SECCOMP_RET_ALLOW);
        return emit_errno(EPERM);
    case VERDICT_IOCTL:
        return emit_ioctl();
    case VERDICT_PERSONALITY:
        return emit_personality();
    case VERDICT_MKNOD:
        return emit_mknod(1);
    case VERDICT_MKNODAT:
        return emit_mknod(2);
    default:
        return emit_errno(EPERM);
    }
}

/// Jumps are forward, and at most 255 instructions: nodes are few enough for all of them to share one copy of each
/// verdict behind the tree. A shorter filter is compiled sooner at each attach.
static void patch(unsigned at, bool if_true, unsigned target) {
    unsigned distance = target - at - 1;
    if (distance > UINT8_MAX) too_long = true;
    if (if_true) code[at].jt = (uint8_t)distance;
    else code[at].jf = (uint8_t)distance;
}

struct jump {
    unsigned at;
    bool if_true;
    uint32_t verdict;
};

static struct jump jumps[RANGE_MAX];
static unsigned jump_count;

static void emit_tree(const struct range *ranges, unsigned count);

static void emit_branch(unsigned at, bool if_true, const struct range *ranges, unsigned count) {
    if (count == 1) {
        jumps[jump_count++] = (struct jump){at, if_true, ranges[0].verdict};
        return;
    }
    patch(at, if_true, program.len);
    emit_tree(ranges, count);
}

static void emit_tree(const struct range *ranges, unsigned count) {
    unsigned half = count / 2;
    unsigned at = emit(BPF_JMP | BPF_JGE | BPF_K, ranges[half].first, 0, 0);
    emit_branch(at, false, ranges, half);
    emit_branch(at, true, ranges + half, count - half);
}

static void emit_verdicts(void) {
    for (uint32_t verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        bool is_reached = false;
        for (unsigned i = 0; i < jump_count; i++) {
            if (jumps[i].verdict != verdict) continue;
            patch(jumps[i].at, jumps[i].if_true, program.len);
            is_reached = true;
        }
        if (is_reached) emit_verdict(verdict);
    }
}

static unsigned add_range(struct range *ranges, unsigned count, uint32_t first, uint32_t verdict) {
    if (count && ranges[count - 1].first == first) count--;
    if (count && ranges[count - 1].verdict == verdict) return count;
    ranges[count] = (struct range){first, verdict};
    return count + 1;
}

static uint32_t whole_verdict(uint32_t profile, const struct rule *rule) {
    bool contained = profile == OSTLER_SECCOMP_CONTAINED;
    switch (rule->verdict) {
    case VERDICT_SETUP:
        return VERDICT_EPERM;
    case VERDICT_MEMORY_FILE:
        return profile == OSTLER_SECCOMP_NO_MEMORY_FILES ? VERDICT_ENOSYS : VERDICT_ALLOW;
    case VERDICT_SHARED:
        return contained ? VERDICT_EPERM : VERDICT_ALLOW;
    case VERDICT_OTHERS:
        return contained ? VERDICT_OWN : VERDICT_ALLOW;
    case VERDICT_SOCKET:
        // A pair of sockets leads nowhere else.
        return contained && rule->number == SYS_socket ? VERDICT_NO_SOCKET : VERDICT_SOCKET;
    default:
        return rule->verdict;
    }
}

/// What all profiles refuse, less what a sandbox that is being made still needs.
static uint32_t base_verdict(const struct rule *rule) {
    bool is_needed = rule->verdict == VERDICT_SETUP || rule->verdict == VERDICT_CLONE;
    return is_needed ? VERDICT_ALLOW : whole_verdict(OSTLER_SECCOMP_STRICT, rule);
}

static uint32_t verdict_in(enum seccomp_part part, uint32_t profile, const struct rule *rule) {
    uint32_t whole = whole_verdict(profile, rule), base = base_verdict(rule);
    if (part == SECCOMP_REST) return whole == base ? VERDICT_ALLOW : whole;
    return part == SECCOMP_BASE ? base : whole;
}

static unsigned make_ranges(struct range *ranges, enum seccomp_part part, uint32_t profile) {
    struct rule sorted[RULE_COUNT];
    for (unsigned i = 0; i < RULE_COUNT; i++) {
        unsigned at = i;
        for (; at > 0 && sorted[at - 1].number > rules[i].number; at--) sorted[at] = sorted[at - 1];
        sorted[at] = rules[i];
    }
    unsigned count = add_range(ranges, 0, 0, VERDICT_ALLOW);
    for (unsigned i = 0; i < RULE_COUNT; i++) {
        count = add_range(ranges, count, sorted[i].number, verdict_in(part, profile, &sorted[i]));
        count = add_range(ranges, count, sorted[i].number + 1, VERDICT_ALLOW);
    }
    // x32 numbers lie above too.
    return part == SECCOMP_REST ? count : add_range(ranges, count, HIGHEST_KNOWN + 1, VERDICT_ENOSYS);
}

static void compile(enum seccomp_part part, uint32_t profile) {
    struct range ranges[RANGE_MAX];
    unsigned count = make_ranges(ranges, part, profile);
    code = codes[part][profile];
    program = (struct sock_fprog){.filter = code};
    jump_count = 0;
    // What comes by another architecture's door does not live to see the rest.
    if (part != SECCOMP_REST) {
        emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
        emit(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
        emit_answer(SECCOMP_RET_KILL_PROCESS);
    }
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    emit_tree(ranges, count);
    emit_verdicts();
    programs[part][profile] = program;
}

bool seccomp_compile(void) {
    for (uint32_t profile = OSTLER_SECCOMP_STRICT; profile <= OSTLER_SECCOMP_CONTAINED; profile++) {
        compile(SECCOMP_WHOLE, profile);
        compile(SECCOMP_REST, profile);
    }
    compile(SECCOMP_BASE, OSTLER_SECCOMP_STRICT);
    uint32_t action = SECCOMP_RET_ERRNO;
    return !too_long && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

const struct sock_fprog *seccomp_part(enum seccomp_part part, uint32_t profile) {
    return &programs[part][part == SECCOMP_BASE ? OSTLER_SECCOMP_STRICT : profile];
}

void seccomp_enter_base(void) {
    // Without privilege a filter cannot be had before the promise of no new ones, which is not the launcher's to make. And
    // what is to go without a filter must not inherit one.
    if (IS_WITNESS || !launcher.has_namespaces || !plain_start()) return;
    launcher.has_base_filter = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, seccomp_part(SECCOMP_BASE, 0), 0, 0) == 0;
}

const struct sock_fprog *seccomp_program(uint32_t profile) {
    return seccomp_part(launcher.has_base_filter ? SECCOMP_REST : SECCOMP_WHOLE, profile);
}
