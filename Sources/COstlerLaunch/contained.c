// Sandboxes without namespaces: for places that allow none, and for who wants no fence at all. Process 1 is then a process
// like others. It adopts what its command leaves behind, and ends all of it before it ends itself.
#include <dirent.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

#include "calls.h"
#include "ids.h"
#include "launcher.h"
#include "processes.h"

enum { END_ROUNDS = 200, ROUND_MS = 50 };

// The directory of the run, in which each sandbox has one of its own.
static struct {
    int directory;
    char path[PATH_MAX];
} scratch = {.directory = -1};

// What a sandbox is told of its directory. Of each child its own.
static char home_variable[PATH_MAX + 64];
static char temporary_variable[PATH_MAX + 64];
static bool has_own_id;

// ---- the launcher's side

static bool can_be(uid_t uid) {
    pid_t child = call_clone(0, NULL);
    if (child == 0) _exit(setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0);
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

void contained_start(void) {
    launcher.pid = getpid();
    uint32_t *id = &launcher.slots[0].id;
    launcher.has_ids = geteuid() == 0 && launcher.first_uid != 0 && ids_start() && ids_claim(id) && can_be(*id);
}

static const char scratch_name[] = "ostler-scratch-";

/// Directories of launchers that were killed. One that lives holds a lock on its own, whatever pid namespace it is in.
static void sweep(const char *place) {
    DIR *entries = opendir(place);
    const struct dirent *entry;
    while (entries && (entry = readdir(entries))) {
        struct stat status;
        if (strncmp(entry->d_name, scratch_name, sizeof scratch_name - 1) != 0) continue;
        int directory = openat(dirfd(entries), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (directory < 0) continue;
        bool is_left = fstat(directory, &status) == 0 && status.st_uid == geteuid() && flock(directory, LOCK_EX | LOCK_NB) == 0;
        if (is_left) remove_tree(dirfd(entries), entry->d_name, 0);
        close(directory);
    }
    if (entries) closedir(entries);
}

static bool open_scratch(void) {
    if (scratch.directory >= 0) return true;
    const char *places[] = {getenv("TMPDIR"), "/tmp", "/var/tmp"};
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (!places[i] || places[i][0] != '/' || strlen(places[i]) > PATH_MAX - 64) continue;
        *put_text(put_text(put_text(put_text(scratch.path, places[i]), "/"), scratch_name), "XXXXXX") = 0;
        sweep(places[i]);
        if (!mkdtemp(scratch.path)) continue;
        scratch.directory = open(scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (scratch.directory >= 0) flock(scratch.directory, LOCK_SH);
        // Passed through by sandboxes with ids of their own, read by none.
        if (scratch.directory >= 0 && fchmod(scratch.directory, 0711) == 0) return true;
    }
    return false;
}

static void name_directory(char *name, uint32_t number) {
    *put_number(put_text(name, "s"), number, 10) = 0;
}

bool contained_prepare(struct slot *slot, const struct plan *plan, struct progress *failure) {
    char name[32];
    slot->directory = 0;
    if (plan->fence != OSTLER_FENCE_CONTAINED) return true;
    uint32_t number = launcher.next_sandbox + 1;
    name_directory(name, number);
    bool good = open_scratch() && mkdirat(scratch.directory, name, 0700) == 0;
    if (good) slot->directory = number;
    good = good && fchownat(scratch.directory, name, slot->uid, slot->gid, AT_SYMLINK_NOFOLLOW) == 0;
    if (good) return true;
    progress_fail(failure, OSTLER_STAGE_DIRECTORY, errno, OSTLER_LAYER_TMP, "directory of its own", scratch.path);
    contained_settle(slot);
    return false;
}

/// Process 1 has emptied it, unless it was killed.
void contained_settle(struct slot *slot) {
    char name[32];
    if (!slot->directory) return;
    name_directory(name, slot->directory);
    slot->directory = 0;
    if (unlinkat(scratch.directory, name, AT_REMOVEDIR) == 0) return;
    remove_tree(scratch.directory, name, 0);
}

void contained_stop(void) {
    if (scratch.directory < 0) return;
    close(scratch.directory);
    rmdir(scratch.path);
}

// ---- the child's side

static void become_own(struct build *build) {
    struct slot *slot = build->slot;
    bool dropped = caps_drop_bounding();
    if (launcher.has_ids) {
        sandbox_own_streams(build, slot->uid, slot->gid);
        if (setgroups(0, NULL) < 0 || setresgid(slot->gid, slot->gid, slot->gid) < 0 ||
            setresuid(slot->uid, slot->uid, slot->uid) < 0) {
            sandbox_refuse(build, OSTLER_STAGE_USER, OSTLER_LAYER_CAPS, "setresuid", NULL);
        }
    } else if (geteuid() == 0) {
        errno = ENOTSUP;
        sandbox_refuse(build, OSTLER_STAGE_USER, OSTLER_LAYER_CAPS, "root has no other id to give", NULL);
    }
    has_own_id = launcher.has_ids;
    // Without CAP_SETPCAP nobody can empty the bounding set; with no_new_privs it gives nothing.
    sandbox_check(build, caps_clear() && (dropped || !launcher.has_ids), OSTLER_STAGE_CAPS, OSTLER_LAYER_CAPS, "capset");
}

static void make_directory(struct build *build) {
    char *end = put_number(put_text(put_text(put_text(home_variable, "HOME="), scratch.path), "/s"),
                           build->slot->directory, 10);
    *end = 0;
    char *place = home_variable + strlen("HOME=");
    char *temporary = put_text(put_text(temporary_variable, "TMPDIR="), place);
    *put_text(temporary, "/tmp") = 0;
    *put_text(end, "/work") = 0;
    umask(022);
    if (mkdir(place, 0755) < 0 || mkdir(temporary_variable + strlen("TMPDIR="), 0700) < 0) {
        sandbox_refuse(build, OSTLER_STAGE_DIRECTORY, OSTLER_LAYER_TMP, "directory of its own", place);
    }
    build->directory = place;
    build->variables[0] = home_variable;
    build->variables[1] = temporary_variable;
}

/// -1: there is no Landlock.
static int make_rules(struct build *build) {
    const struct plan *plan = build->plan;
    const uint32_t all = OSTLER_RULE_READ | OSTLER_RULE_WRITE | OSTLER_RULE_EXECUTE;
    int rules = landlock_create_whole();
    if (rules < 0) {
        sandbox_check(build, false, OSTLER_STAGE_LANDLOCK, OSTLER_LAYER_LANDLOCK, "create_ruleset");
        return -1;
    }
    bool good = landlock_grant(rules, build->directory, all) &&
                landlock_grant(rules, temporary_variable + strlen("TMPDIR="), all);
    if (!good) sandbox_refuse(build, OSTLER_STAGE_LANDLOCK, OSTLER_LAYER_LANDLOCK, "rule for", build->directory);
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (step->kind != OSTLER_STEP_RULE || landlock_grant(rules, step->target, step->flags)) continue;
        sandbox_refuse(build, OSTLER_STAGE_LANDLOCK, OSTLER_LAYER_LANDLOCK, "rule for", step->target);
    }
    return rules;
}

static void follow_launcher(struct build *build, int signal) {
    bool good = prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) == 0;
    sandbox_check(build, good, OSTLER_STAGE_PDEATH, OSTLER_LAYER_PDEATH, "prctl");
    struct pollfd self = {.fd = launcher.self, .events = POLLIN};
    if (poll(&self, 1, 0) != 0) _exit(1);
}

static void contain(struct build *build) {
    struct sysinfo machine;
    become_own(build);
    make_directory(build);
    // An id that others have too counts their processes as well.
    if (!has_own_id && sysinfo(&machine) == 0) build->others = machine.procs;
    sandbox_limit(build);
    sandbox_renounce(build);
}

void contained_main(struct build *build) {
    bool contained = build->plan->fence == OSTLER_FENCE_CONTAINED;
    int rules = -1;
    setsid();
    bool adopts = prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
    sandbox_check(build, adopts, OSTLER_STAGE_CLONE, OSTLER_LAYER_INIT, "subreaper");
    if (contained) contain(build);
    else setrlimit(RLIMIT_NOFILE, &launcher.rlimits[RLIMIT_NOFILE]);
    follow_launcher(build, END_SIGNAL);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (contained) rules = make_rules(build);
    sandbox_close(build, rules);
    build->layers |= LAYER(ENV);
    // Nothing of this is a fence where there is none.
    if (!contained) build->layers = 0;
    init_main(build);
}

void contained_enter(struct build *build) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
        sandbox_refuse(build, OSTLER_STAGE_PDEATH, OSTLER_LAYER_PDEATH, "prctl", NULL);
    }
    if (build->plan->fence == OSTLER_FENCE_CONTAINED) {
        sandbox_check(build, landlock_enter(RULES_FD), OSTLER_STAGE_LANDLOCK, OSTLER_LAYER_LANDLOCK, "restrict_self");
        sandbox_filter(build);
    }
    build->progress->layers = build->layers;
    sandbox_require(build);
}

// ---- the end

void contained_signal(int signal) {
    // An id of its own is the sandbox's alone: the kernel finds all that bear it.
    if (has_own_id) kill(-1, signal);
    else signal_descendants(signal);
}

/// Whether there is no child left; orphans become children of process 1, so then nobody is.
static bool reap_all(pid_t command, int *status) {
    for (;;) {
        int found;
        pid_t ended = waitpid(-1, &found, WNOHANG);
        if (ended < 0) return errno == ECHILD;
        if (ended == 0) return false;
        if (ended == command) *status = found;
    }
}

void contained_end(const struct build *build, pid_t command, int *status) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    const struct timespec pause = {.tv_nsec = ROUND_MS * 1000000L};
    for (unsigned round = 0; round < END_ROUNDS && !reap_all(command, status); round++) {
        contained_signal(SIGKILL);
        if (!reap_all(command, status)) sigtimedwait(&child, NULL, &pause);
        else break;
    }
    if (!build->directory) return;
    char *end = strrchr(home_variable, '/');
    *end = 0;
    int directory = open(home_variable + strlen("HOME="), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    remove_tree(directory, "work", 0);
    remove_tree(directory, "tmp", 0);
    close(directory);
}
