// What the launcher's files share. One thread; `launcher` is its whole state.
#ifndef OSTLER_LAUNCHER_H
#define OSTLER_LAUNCHER_H

#include <errno.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "ostler_launch.h"

#define SLOT_MAX 512u
#define STRINGS_MAX 65536u       // arguments and variables of one command
#define SPAWN_TAIL_MAX (2u << 20) // the kernel's own bound on arguments is in this order
#define PLAN_TAIL_MAX (16u << 20)
#define PLUGIN_QUEUE_MAX (1u << 20)
#define SANDBOX_UID 1000u
#define SANDBOX_BINDS_MAX 64u // binds that each sandbox makes for itself
#define REPORT_FD 4           // in a sandbox's process 1
#define RULES_FD 5            // there too, where rules are for the command alone
#define END_SIGNAL SIGPWR     // tells a process 1 without a pid namespace to end all that it has started
#define LAYER(name) (1u << OSTLER_LAYER_##name)

// Tests build a launcher of their own that leaves out the layers which a plan does not ask for: a layer can then be seen
// to hold by itself, with those that would do the same switched off. In every other build a plan cannot do without them.
#ifdef OSTLER_LAUNCH_WITNESS
#define LEAVES_OUT(plan, name) (!((plan)->asked & LAYER(name)))
#define IS_WITNESS true
#define LAST_CLOSED 8u // what a test leaves open above it comes as far as a sandbox
#else
#define LEAVES_OUT(plan, name) ((void)(plan), false)
#define IS_WITNESS false
#define LAST_CLOSED (~0u)
#endif

// ---- progress.c: what a sandbox tells the launcher, in a page that both see
enum progress_state { PROGRESS_NONE, PROGRESS_FAILED, PROGRESS_ENDED };

struct progress {
    uint32_t state;
    int32_t stage;
    int32_t err;
    int32_t layer;
    uint32_t layers;
    int32_t status;
    uint32_t full;
    uint64_t user_us;
    uint64_t system_us;
    uint64_t peak_bytes;
    char detail[192];
};

void progress_fail(struct progress *progress, int stage, int err, int layer, const char *what, const char *which);

// ---- plan.c
struct plan_step {
    uint16_t kind;
    uint16_t mode;
    uint32_t flags;
    bool per_sandbox;
    const char *source; // of a bind; content of a symbolic link
    const char *target;
    const uint8_t *content;
    size_t content_size;
    uint64_t size;
    uint64_t inodes;
    struct ostler_stamp stamp;      // what a file of the host must be
    struct ostler_file_id *copy_of; // what is to be told who asks for that file in the view; NULL: nobody asks
};

struct plan {
    struct plan *next;
    uint64_t id;
    unsigned users; // sandboxes and tasks
    bool dropped;
    int view; // the template's mount namespace
    uint32_t required;
    uint32_t asked; // required and best
    uint32_t layers;
    uint32_t step_count;
    uint32_t env_count;
    uint32_t sandbox_binds;
    struct plan_step *steps; // of the view and the mounts of each sandbox, in order
    const char **env;
    const char *cwd;
    const char *hostname;
    uint64_t rlimit[RLIM_NLIMITS];
    uint32_t rlimit_set;
    struct ostler_limits limits;
    uint32_t seccomp;
    bool needs_idmap;
    uint32_t fence; // enum ostler_fence_kind
    bool loopback;
    bool has_programs;
    struct ostler_programs programs;
    struct ostler_file_id *files; // allowed, blocked, the mask; shared with the builder of the view
    struct ostler_file_id *mask;
    bool has_witnesses;
    bool has_landlock;
    bool limits_execution;
    uint32_t executable_count;
    const char *executable; // that many strings
    int ruleset;
    const char *problem; // while parsing
    char *bytes;
};

bool plan_fences_programs(const struct plan *plan);
void plan_free_files(struct plan *plan);
bool path_is_below(const char *path, const char *directory);
int plan_parse(struct plan *plan, const char *tail, size_t size, const char **detail);
struct plan *plan_find(uint64_t id);
void plan_add(uint64_t id, const char *tail, size_t size);
void plan_drop(uint64_t id);
void plan_release(struct plan *plan);

// ---- view.c, mounts.c: mounting. Answers are 0 or a descriptor, or -1 with errno.
int view_build(struct plan *plan, struct progress *progress);
int mount_point(int root, const char *path, bool directory);
int mount_source(const struct plan_step *step, int idmap, bool *directory);
int mount_devices(int root, const char **what);

// ---- host_files.c: files of the host in a view, as they were judged
/// A descriptor to copy or attach from, or -1 with errno; ESTALE: it is not the file that was judged.
int host_file_open(const struct plan_step *step, uint64_t *budget, bool *copies);
int host_file_attach(int root, const struct plan_step *step, int source, bool copies);
int host_file_witness(const struct plan_step *step);
int mask_make(int root, struct ostler_file_id *id);
int mask_attach(int root, const struct plan_step *step, int mask);
int mask_forget(int root);

// ---- landlock.c
struct build;
void landlock_start(void);
/// An empty ruleset, which the builder of the view fills; -1 with errno.
int landlock_create(bool limits_execution, bool allows_tcp);
bool landlock_fill(const struct plan *plan, const char **what);
bool landlock_enter(int ruleset);
/// A ruleset that lets a sandbox which has a view write to its own mounts and to what was granted, and nowhere else; -1
/// with errno, and `what` tells the step.
int landlock_create_writing(const struct build *build, const char **what);
/// A ruleset that handles every right on files, for what has no view; and a rule in it. -1 with errno.
int landlock_create_whole(void);
bool landlock_grant(int ruleset, const char *path, uint32_t rights);

// ---- cgroup.c, cgroup_find.c
struct cgroup_slot {
    int memory_join;
    int memory_limit;
    int memory_swap;
    int memory_peak;
    int memory_events;
    int memory_usage;
    int pids_join;
    int pids_limit;
    int pids_events;
    uint64_t memory_set;
    uint64_t pids_set;
    uint64_t oom_seen;
    uint64_t denied_seen;
};

struct cgroup_figures {
    uint64_t peak_bytes;
    uint32_t oom_kills;
    uint32_t pids_denied;
};

int cgroup_own_directory(const char *controller, bool v2, char *path, size_t size);
void cgroup_start(const char *run);
void cgroup_stop(void);
void cgroup_open(struct cgroup_slot *group, unsigned index);
/// Sets the limits and answers the layers that a process gets by joining.
uint32_t cgroup_prepare(struct cgroup_slot *group, const struct ostler_limits *limits);
void cgroup_read(struct cgroup_slot *group, struct cgroup_figures *figures);
void cgroup_settle(struct cgroup_slot *group);

// ---- slot.c
struct task;
struct channel;

struct sandbox {
    bool live;     // pid 1 has not been reaped
    bool reported; // EXITED has been sent
    uint32_t number;
    int pidfd;
    uint64_t id; // of the spawn, or of the task
    uint64_t launch_id;
    uint64_t arrived_ns;
    struct plan *plan;
    struct task *task;        // NULL: a spawn of the host
    struct channel *launcher; // the plugin that asked, while its channel lives
    struct channel *channel;  // the channel that this sandbox has itself
};

struct slot {
    uid_t uid; // as the launcher's user namespace sees the sandbox's user
    gid_t gid;
    uint32_t id; // the launcher's alone, where it gives ids; 0: none yet
    int user;
    int net;
    int idmap;
    int report; // eventfd
    uint32_t directory; // the number of the sandbox's directory, see contained.c; 0: none
    struct cgroup_slot cgroup;
    struct progress *progress;
    struct sandbox sandbox;
};

struct slot *slot_take(const struct plan *plan, struct progress *failure);
int slot_try(void);
/// The first slot, without namespaces yet.
bool slot_first(void);
int make_user_ns(uint32_t inside, uid_t uid, gid_t gid, int *net);

// ---- spawn.c (launcher's side), sandbox.c, caps.c, init.c, program.c, probe.c (child's side)
struct request {
    struct plan *plan;
    const char *arguments; // argc strings, envc strings, then the working directory
    uint32_t argc;
    uint32_t envc;
    const char *cwd;
    int streams[4]; // -1: none; the fourth is the far end of a launch channel
    bool terminal;  // the first stream becomes the controlling terminal
    bool probe;     // the arguments are paths to be asked about
};

struct build {
    struct slot *slot;
    const struct plan *plan;
    const struct request *request;
    struct progress *progress;
    uint32_t layers;
    const char *directory; // where commands begin that have no view; else NULL
    const char *variables[2]; // what they are told of it
    uint64_t others;          // processes that count with the sandbox's own
};

struct packet;
bool request_is_too_long(const struct packet *packet, uint32_t argc, uint32_t envc);
bool request_parse(struct request *request, const char *tail, size_t size, uint32_t argc, uint32_t envc, bool has_cwd);
struct slot *spawn(struct request *request, struct progress *failure);
void sandbox_main(struct slot *slot, const struct request *request, uint32_t cgroup_layers) __attribute__((noreturn));
void sandbox_mounts(struct build *build);
// Steps that sandboxes with and without namespaces share.
void sandbox_join_cgroups(struct build *build, uint32_t offered);
void sandbox_own_streams(struct build *build, uid_t uid, gid_t gid);
void sandbox_limit(struct build *build);
void sandbox_renounce(struct build *build);
void sandbox_filter(struct build *build);
void sandbox_close(struct build *build, int rules);
void sandbox_require(struct build *build);
void sandbox_refuse(struct build *build, int stage, int layer, const char *what, const char *which)
    __attribute__((noreturn));
/// A failed call refuses the sandbox if its layer is required, and leaves the layer's bit clear if not.
bool sandbox_check(struct build *build, bool good, int stage, int layer, const char *what);
bool caps_drop_bounding(void);
bool caps_clear(void);
void init_main(struct build *build) __attribute__((noreturn));

// ---- contained.c: without namespaces
/// Finds out whether sandboxes can have ids of their own.
void contained_start(void);
void contained_stop(void);
bool contained_prepare(struct slot *slot, const struct plan *plan, struct progress *failure);
void contained_settle(struct slot *slot);
void contained_main(struct build *build) __attribute__((noreturn));
/// In the command's own process: what must not hold for process 1.
void contained_enter(struct build *build);
/// Signals all that process 1 has started.
void contained_signal(int signal);
/// Kills all that process 1 has started and waits for its end; then removes the directory.
void contained_end(const struct build *build, pid_t command, int *status);
int program_exec(const struct build *build, int *stage, const char **which);
/// Answers the exit code.
int probe_paths(const struct request *request);

// ---- reap.c: the end of a sandbox
void sandbox_reported(struct slot *slot);
void sandbox_reaped(struct slot *slot);
void sandbox_signal(struct slot *slot, int signal);

// ---- seccomp.c
enum seccomp_part {
    SECCOMP_WHOLE,
    SECCOMP_BASE, // what a launcher can bear itself; the same for all profiles
    SECCOMP_REST, // what is missing to the whole
    SECCOMP_PARTS,
};
bool seccomp_compile(void);
/// Attaches the base to the launcher if it can; every sandbox inherits it then.
void seccomp_enter_base(void);
const struct sock_fprog *seccomp_part(enum seccomp_part part, uint32_t profile);
/// What a sandbox has to attach.
const struct sock_fprog *seccomp_program(uint32_t profile);

// ---- plain.c: a thread without the launcher's filter
bool plain_start(void);
/// As `call_clone`, from that thread; the child begins with `child_main`, which never returns.
pid_t plain_clone(uint64_t flags, int *pidfd, void (*child_main)(void *), void *argument);

// ---- protocol.c
struct queue {
    struct outgoing *first;
    struct outgoing *last;
    size_t bytes;
};

struct packet {
    struct ostler_header header;
    const char *body; // what follows the header; body and tail where the tail is inline
    size_t body_size;
    const char *tail;
    size_t tail_size;
    char *owned; // a tail that came as a memfd
    int fds[OSTLER_MAX_FDS];
    unsigned fd_count;
};

enum received { RECEIVED_PACKET, RECEIVED_NOTHING, RECEIVED_END, RECEIVED_BROKEN };

enum received packet_receive(int socket, char *buffer, struct packet *packet);
/// Finds the tail behind a body of `body_size` bytes. False: the packet is malformed.
bool packet_open(struct packet *packet, size_t body_size, size_t tail_max);
void packet_close(struct packet *packet);
int packet_take_fd(struct packet *packet, unsigned index);
void send_host(uint16_t op, uint16_t flags, uint64_t id, const void *body, size_t size);
void send_host_failed(uint16_t flags, uint64_t id, const struct progress *failure, uint32_t sandbox);
bool send_channel(struct channel *channel, uint16_t op, uint64_t id, const void *body, size_t size, const char *tail,
                  const int *fds, unsigned fd_count);
bool queue_flush(int socket, struct queue *queue);
void queue_clear(struct queue *queue);

// ---- channel.c, task.c, requests.c
struct channel {
    int socket;
    bool broken; // to be dropped by the loop: dropping it in the midst of its own packet would pull the rug
    uint64_t spawn;
    struct queue queue;
    struct slot *slot;
};

struct channel *channel_make(uint64_t spawn, int *far);
void channel_attach(struct channel *channel, struct slot *slot);
void channel_ready(struct slot *slot, uint32_t events);
void channel_drop(struct channel *channel);
void channel_failed(struct channel *channel, uint64_t id, const struct progress *failure, uint32_t sandbox);

struct task {
    struct task *next;
    uint64_t id;
    uint64_t spawn;
    struct plan *plan;
    uint32_t max_live;
    uint32_t live;
    uint32_t total;
    uint32_t killed;
    int input;
    bool ended;
};

struct task *task_find(uint64_t id);
void task_begin(struct packet *packet);
void task_end(uint64_t id);
void task_settle(struct task *task);
void task_signal(uint64_t id, int signal);

bool host_drain(void);
uint64_t now_ns(void);

// ---- launch.c, setup.c
enum source { SOURCE_CONTROL, SOURCE_SIGNAL, SOURCE_REPORT, SOURCE_PIDFD, SOURCE_CHANNEL };

struct launcher {
    int epoll;
    int self;  // pidfd of the launcher, by which a sandbox sees that it still lives
    int null;
    bool real_root;
    bool has_namespaces;
    bool has_base_filter;  // sandboxes inherit a part of theirs
    bool has_ids;          // what is contained runs as an id of its own
    pid_t pid;
    bool initial_user_ns;
    bool host_gone;
    uint32_t first_uid;
    uint32_t uid_count;
    uint32_t slot_limit;
    uint32_t slot_count;
    uint32_t next_sandbox;
    uint32_t memory_mode;
    uint32_t pids_mode;
    int last_cap;
    int landlock_abi; // 0: the kernel has none
    struct rlimit rlimits[RLIM_NLIMITS]; // as the launcher found them
    struct queue host_queue;
    struct plan *plans;
    struct task *tasks;
    struct progress *pages;
    struct slot slots[SLOT_MAX];
};

extern struct launcher launcher;

bool setup(int argc, char **argv, const char **what);
int setup_signals(void);
bool watch(int fd, enum source source, uint32_t index, uint32_t events);
bool rewatch(int fd, enum source source, uint32_t index, uint32_t events);
void kill_all(void);

// ---- files.c
char *put_text(char *at, const char *text);
char *put_number(char *at, uint64_t value, unsigned base);
ssize_t read_file(const char *path, char *buffer, size_t size); // ends with NUL
bool write_file(const char *path, const char *text);

#endif
