// The contract between the host, the resident launcher and the plugins that are granted `launch`.
//
// Every message is one packet of a SOCK_SEQPACKET socket: a `struct ostler_header`, then the fixed body of its
// operation, then (where the operation says so) a tail of bytes. Numbers are in native byte order: both ends are
// always on one machine and from one build. Descriptors travel by SCM_RIGHTS in the order that the operation names.
//
// A packet whose tail is larger than OSTLER_INLINE_MAX carries OSTLER_FLAG_TAIL_FD instead: the tail is then the
// content of a memfd, which is the *first* descriptor of the packet.
#ifndef OSTLER_LAUNCH_H
#define OSTLER_LAUNCH_H

#include <stdint.h>

#define OSTLER_LAUNCH_VERSION 2u
#define OSTLER_INLINE_MAX 65536u
#define OSTLER_PACKET_MAX (OSTLER_INLINE_MAX + 4096u)
#define OSTLER_MAX_FDS 8u

// The launcher is started with the control socket as descriptor 3.
#define OSTLER_CONTROL_FD 3

enum ostler_op {
    // host -> launcher
    OSTLER_OP_PLAN = 1,      // header.id = plan number; tail = plan (see below). Answer: PLAN_READY or FAILED.
    OSTLER_OP_SPAWN = 2,     // header.id = spawn number of the host; body ostler_spawn; fds: stdin, stdout, stderr
    OSTLER_OP_TASK = 3,      // header.id = task number; body ostler_task: allows a plugin to spawn for it; fds: [stdin]
    OSTLER_OP_SIGNAL = 4,    // header.id = spawn or task number; body ostler_signal
    OSTLER_OP_TASK_END = 5,  // header.id = task number: kill what is left of it, answer GONE when all is reaped
    OSTLER_OP_PLAN_DROP = 6, // header.id = plan number: forget it once no sandbox uses it

    // plugin -> launcher, over its launch channel (descriptor 3 of the plugin)
    OSTLER_OP_LAUNCH = 16,        // header.id = number chosen by the plugin; body ostler_launch_request
    OSTLER_OP_LAUNCH_SIGNAL = 17, // header.id = as in LAUNCH; body ostler_signal

    // launcher -> host
    OSTLER_EV_READY = 32,      // once, at start; body ostler_ready
    OSTLER_EV_PLAN_READY = 33, // header.id = plan number; body ostler_plan_ready
    OSTLER_EV_FAILED = 34,     // header.id = plan, spawn or task number; body ostler_failed; tail = detail text. Final:
                               // nothing was executed, and if there was a process 1 it has been reaped. Id 0 before
                               // READY: the launcher cannot work here and ends.
    OSTLER_EV_EXITED = 35,     // header.id = spawn or task number; body ostler_exited: the command has ended
    OSTLER_EV_REAPED = 36,     // header.id = spawn or task number; body ostler_reaped: pid 1 of it has been reaped
    OSTLER_EV_GONE = 37,       // header.id = task number; body ostler_gone: answer to TASK_END

    // launcher -> plugin
    OSTLER_EV_LAUNCHED = 48,      // header.id as in LAUNCH; fds: stdout, stderr, [stdin if OSTLER_STDIN_PIPE]. Sent at
                                  // once; either LAUNCH_EXITED or LAUNCH_FAILED (nothing was executed) follows.
    OSTLER_EV_LAUNCH_FAILED = 49, // header.id as in LAUNCH; body ostler_failed; tail = detail text
    OSTLER_EV_LAUNCH_EXITED = 50, // header.id as in LAUNCH; body ostler_exited
};

enum ostler_flag {
    OSTLER_FLAG_TAIL_FD = 1u << 0,
    OSTLER_FLAG_TASK = 1u << 1, // the id of an event is a task number, not a spawn number
};

struct ostler_header {
    uint16_t op;
    uint16_t flags;
    uint32_t tail; // length of the tail in bytes
    uint64_t id;
};

// Where the standard input of a launched command comes from.
enum ostler_stdin {
    OSTLER_STDIN_NULL = 0, // /dev/null
    OSTLER_STDIN_PIPE = 1, // the plugin gets the write end
    OSTLER_STDIN_TASK = 2, // the descriptor that the host registered with the task (once); else /dev/null
};

// Tail: argc strings, then envc strings, each with its NUL, then, if has_cwd, the working directory with its NUL.
// The environment given here is laid over the plan's (same key: replaced).
struct ostler_spawn {
    uint32_t plan;
    uint32_t argc;
    uint32_t envc;
    uint8_t has_cwd;
    uint8_t launch_channel; // 1: make a launch channel; its far end becomes descriptor 3 of the process
    uint8_t terminal;       // 1: stdin is a pseudo-terminal that becomes the controlling terminal of the process
    uint8_t probe; // 1: the arguments are paths; nothing is executed, a struct ostler_answer for each goes to stdout
};

// What a process in the sandbox could do with a path. Each is 0 or an errno. The path without links follows.
struct ostler_answer {
    int32_t found;
    int32_t read;    // of a directory: to list it
    int32_t write;   // of a directory: to make something in it
    int32_t execute; // EISDIR; EINVAL: the kernel is too old to be asked
    int32_t access;  // by the permissions of the file alone: to execute, or to search a directory
    uint32_t mode;
    uint64_t mount_flags; // as from statvfs
    uint32_t path_size;
    uint32_t reserved;
};

struct ostler_launch_request {
    uint64_t task; // the task number that the host told the plugin
    uint32_t argc;
    uint32_t envc;
    uint8_t has_cwd;
    uint8_t stdin_from; // enum ostler_stdin
    uint8_t reserved[6];
};

struct ostler_task {
    uint64_t spawn; // the spawn number of the plugin whose launch channel may use this task
    uint32_t plan;
    uint32_t max_live; // how many sandboxes of this task may run at once
};

struct ostler_signal {
    // SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2: sent by init to every process, then SIGCONT. SIGTSTP: all are
    // stopped, whether they heed it or not. SIGCONT: all go on. SIGKILL: to init itself. Others are ignored.
    int32_t signal;
    uint32_t is_task;
};

enum ostler_cgroup_mode { OSTLER_CGROUP_NONE = 0, OSTLER_CGROUP_V1 = 1, OSTLER_CGROUP_V2 = 2 };

struct ostler_ready {
    uint32_t version;
    uint32_t uid_range_used; // 1: real root, slots run as uid_base + slot; 0: own user id
    uint32_t memory_mode;    // enum ostler_cgroup_mode, found by doing
    uint32_t pids_mode;
    uint32_t landlock_abi; // 0: none
    uint32_t seccomp;      // 1: filters can be installed
    uint32_t namespaces;   // 0: plans of that fence are answered FAILED, with why
    uint32_t own_ids;      // 1: what has no namespaces runs as an id of its own too
};

// The layers of isolation, as bits. The same order as SandboxLayer in Swift.
enum ostler_layer {
    OSTLER_LAYER_USER_NS = 0,
    OSTLER_LAYER_PID_NS,
    OSTLER_LAYER_MOUNT_NS,
    OSTLER_LAYER_NET_NS,
    OSTLER_LAYER_IPC_NS,
    OSTLER_LAYER_UTS_NS,
    OSTLER_LAYER_CGROUP_NS,
    OSTLER_LAYER_ROOT,   // minimal root
    OSTLER_LAYER_PROC,   // private /proc
    OSTLER_LAYER_DEV,    // minimal /dev
    OSTLER_LAYER_TMP,    // bounded /tmp and work directory
    OSTLER_LAYER_INIT,   // an init that reaps
    OSTLER_LAYER_CAPS,   // all five capability sets empty
    OSTLER_LAYER_NO_NEW_PRIVS,
    OSTLER_LAYER_SECCOMP,
    OSTLER_LAYER_RLIMITS,
    OSTLER_LAYER_FDS,    // closed descriptors
    OSTLER_LAYER_ENV,    // environment allow list
    OSTLER_LAYER_PDEATH, // death with the parent
    OSTLER_LAYER_MEMORY, // memory limit by cgroup (else RLIMIT_DATA, per process: bit stays clear)
    OSTLER_LAYER_PIDS,   // process limit by cgroup (else RLIMIT_NPROC: bit stays clear)
    OSTLER_LAYER_LANDLOCK,
    OSTLER_LAYER_PROGRAMS, // lists of programs hold for all that runs in the sandbox
    OSTLER_LAYER_COUNT
};

struct ostler_plan_ready {
    uint32_t layers; // what the template already guarantees
    uint32_t reserved;
};

enum ostler_stage {
    OSTLER_STAGE_NONE = 0,
    OSTLER_STAGE_REQUEST,  // a malformed or unknown request; EPERM: a task of another plugin; EAGAIN: max_live
    OSTLER_STAGE_TEMPLATE, // building the view; detail names the step and path
    OSTLER_STAGE_SLOT,     // preparing user and network namespace
    OSTLER_STAGE_CLONE,
    OSTLER_STAGE_CGROUP,
    OSTLER_STAGE_MOUNT,    // entering the view, /proc, /tmp, binds
    OSTLER_STAGE_NET,
    OSTLER_STAGE_UTS,
    OSTLER_STAGE_USER,
    OSTLER_STAGE_CAPS,
    OSTLER_STAGE_RLIMIT,
    OSTLER_STAGE_SECCOMP,
    OSTLER_STAGE_NO_NEW_PRIVS,
    OSTLER_STAGE_PDEATH,
    OSTLER_STAGE_FDS,
    OSTLER_STAGE_CWD,      // the working directory cannot be entered
    OSTLER_STAGE_PROGRAM,  // the program is not found (ENOENT, EACCES) or its file is denied by the lists (EPERM)
    OSTLER_STAGE_EXEC,     // execve of a file that was found
    OSTLER_STAGE_LANDLOCK,
    OSTLER_STAGE_DIRECTORY, // a directory of the sandbox's own
};

struct ostler_failed {
    int32_t stage; // enum ostler_stage
    int32_t err;   // errno
    int32_t layer; // enum ostler_layer that could not be had, or -1
    uint32_t sandbox;
};

struct ostler_exited {
    uint32_t sandbox; // number of the sandbox, unique in the life of the launcher
    int32_t status;   // as from waitpid
    uint32_t layers;  // what was enforced
    uint32_t oom_kills;   // by the memory cgroup, in this sandbox
    uint32_t pids_denied; // forks denied by the pids cgroup, in this sandbox
    uint32_t full;        // what was full when the command ended: bit 2n, the plan's nth tmpfs had no room left; bit
                          // 2n + 1, it could hold no more files
    uint64_t user_us;     // of all reaped descendants
    uint64_t system_us;
    uint64_t wall_us;     // from the request's arrival to the end of the command
    uint64_t peak_bytes;  // cgroup peak where there is one, else the largest resident set
};

struct ostler_reaped {
    uint32_t sandbox;
    uint32_t reserved;
};

struct ostler_gone {
    uint32_t sandboxes; // how many sandboxes the task had in all
    uint32_t killed;    // how many of them TASK_END had to kill
    uint32_t unproven;  // how many of them had no pid namespace: the kernel's word says nothing of all their processes
    uint32_t reserved;
};

// ---------------------------------------------------------------------------------------------------------------
// A plan: a sequence of steps, each `struct ostler_step` and then `length` bytes, padded to a multiple of 8.
// Strings inside a step end with NUL. Paths in the view are absolute, without empty, "." and ".." parts, and not "/".
// Parents are made as needed. Steps are carried out in order. Steps of the view are carried out once, when
// the plan arrives, in a template mount namespace; every sandbox starts from a private copy of it. A BIND below a mount
// that each sandbox makes for itself is made for each sandbox too (at most 64 of them); other steps of the view there
// are refused.

enum ostler_step_kind {
    OSTLER_STEP_REQUIRE = 1, // body ostler_require. First step.
    // the view (once, in the template)
    OSTLER_STEP_DIR = 10,     // path; mode in `mode`
    OSTLER_STEP_BIND = 11,    // body ostler_bind; strings: source on the host, target in the view
    OSTLER_STEP_SYMLINK = 12, // strings: content, path in the view
    OSTLER_STEP_FILE = 13,    // string: path; then the content (the rest of the step); mode in `mode`
    OSTLER_STEP_DEVICES = 14, // /dev with null zero full random urandom tty, links to /proc/self/fd, shm, pts absent
    OSTLER_STEP_HOST_FILE = 15, // body ostler_host_file; strings: source on the host, target in the view
    OSTLER_STEP_MASK = 16,      // body ostler_file_id; string: path in the view that nobody shall read or start
    // for each sandbox
    OSTLER_STEP_PROC = 20,  // string: path
    OSTLER_STEP_TMPFS = 21, // body ostler_tmpfs; string: path
    OSTLER_STEP_CWD = 22,   // string: default working directory
    OSTLER_STEP_ENV = 23,   // string: KEY=VALUE
    OSTLER_STEP_HOSTNAME = 24,
    OSTLER_STEP_RLIMIT = 25,  // body ostler_rlimit (may be repeated)
    OSTLER_STEP_LIMITS = 26,  // body ostler_limits
    OSTLER_STEP_SECCOMP = 27, // body ostler_seccomp
    OSTLER_STEP_PROGRAMS = 28, // body ostler_programs, then ostler_file_id[count]
    OSTLER_STEP_WITNESS = 29,  // body ostler_stamp; string: path on the host. No sandbox starts once it has changed: ESTALE
    OSTLER_STEP_SECRETS = 31,  // body ostler_tmpfs; string: path. As TMPFS, for the secrets that follow; then read-only
    OSTLER_STEP_SECRET = 32,   // string: path below the secrets; then the content. Only the sandbox's user may read it
    OSTLER_STEP_LANDLOCK = 30, // body ostler_landlock; strings: paths in the view that may be executed, or are above such
    OSTLER_STEP_FENCE = 33,    // body ostler_fence
    OSTLER_STEP_RULE = 34,     // body ostler_rule; string: a path of the host. Where there is no view: what may be done there
};

// What a sandbox is made of. Without namespaces there is no view: its steps are refused, and rules stand in their place.
enum ostler_fence_kind {
    OSTLER_FENCE_NAMESPACES = 0,
    OSTLER_FENCE_CONTAINED = 1, // filter, rules and limits alone
    OSTLER_FENCE_NONE = 2,      // nothing: the caller's own rights
};

struct ostler_fence {
    uint32_t kind;
    uint32_t loopback; // 1: in a network namespace that is new, with loopback up
};

enum ostler_rule_right {
    OSTLER_RULE_READ = 1u << 0,
    OSTLER_RULE_EXECUTE = 1u << 1,
    OSTLER_RULE_WRITE = 1u << 2,
    OSTLER_RULE_IOCTL = 1u << 3,
    OSTLER_RULE_OPTIONAL = 1u << 4, // skip it if the path does not exist
};

struct ostler_rule {
    uint32_t rights;
    uint32_t reserved;
};

struct ostler_step {
    uint16_t kind;
    uint16_t mode; // permission bits where the step says so
    uint32_t length;
};

struct ostler_require {
    uint32_t required; // bits of enum ostler_layer: a sandbox without one of them is refused
    uint32_t best;     // tried; their absence shows in `layers`
};

enum ostler_bind_flag {
    OSTLER_BIND_RO = 1u << 0,
    OSTLER_BIND_NOEXEC = 1u << 1,
    OSTLER_BIND_RECURSIVE = 1u << 2,
    OSTLER_BIND_OPTIONAL = 1u << 3, // skip it if the source does not exist
    OSTLER_BIND_IDMAP = 1u << 4,    // real root only: host uid and gid 0 appear as the sandbox's own user (per sandbox)
    OSTLER_BIND_NO_LINKS = 1u << 5, // the source has no symbolic link on its way; one that has come since is refused
    OSTLER_BIND_EACH = 1u << 6,     // looked up anew for each sandbox, in which the target must be there already
};

struct ostler_bind {
    uint32_t flags; // nosuid and nodev always
    uint32_t reserved;
};

struct ostler_tmpfs {
    uint64_t size;   // not 0
    uint64_t inodes; // 0: the kernel's default
    uint32_t mode;
    uint32_t flags; // OSTLER_BIND_NOEXEC
};

struct ostler_file_id {
    uint64_t device;
    uint64_t inode;
};

struct ostler_stamp {
    struct ostler_file_id id;
    uint64_t changed_ns; // ctime
};

// A file of the host as it was judged: another one under its name, or other content, is refused with ESTALE. The source
// is a path without symbolic links. Small files are copied into the view, others bound read-only.
struct ostler_host_file {
    struct ostler_stamp stamp;
    uint32_t program; // 0, or 1 + its index among the allowed ids of OSTLER_STEP_PROGRAMS, which must come before
    uint32_t reserved;
};

struct ostler_rlimit {
    uint32_t resource;
    uint32_t reserved;
    uint64_t value; // soft and hard (hard one more for RLIMIT_CPU); lowered to the hard limit that is already there
};

struct ostler_limits {
    uint64_t memory_bytes; // 0: none
    uint64_t processes;    // 0: none
};

enum ostler_seccomp_profile {
    OSTLER_SECCOMP_NONE = 0,
    OSTLER_SECCOMP_STRICT = 1,
    OSTLER_SECCOMP_NO_MEMORY_FILES = 2, // STRICT without memfd_create, whose files no mount option reaches
    OSTLER_SECCOMP_CONTAINED = 3, // STRICT without sockets, shared memory and queues, which have no namespace of their own
};

struct ostler_seccomp {
    uint32_t profile;
    uint32_t reserved;
};

struct ostler_programs {
    uint32_t allow_count; // 0: every file that is not blocked may be started
    uint32_t block_count; // allow_count ids first, then block_count ids
    uint32_t has_allow;   // 1 with allow_count 0: nothing may be started
    uint32_t opens_work;  // 1: what a task makes in its work directory may be started too
};

struct ostler_landlock {
    uint32_t limits_execution; // 1: only below the paths that follow; 0: anywhere, and no path follows
    uint32_t reserved;
};

/// Runs the launcher on OSTLER_CONTROL_FD until the host's end is closed. argv: run id, first uid, number of uids, and
/// "without-namespaces" for one that makes none, where they cannot be had.
int ostler_launch_main(int argc, char **argv);

/// A short name for a stage or a layer, for messages; "unknown" for a number that is none.
const char *ostler_stage_name(int stage);
const char *ostler_layer_name(int layer);

#endif
