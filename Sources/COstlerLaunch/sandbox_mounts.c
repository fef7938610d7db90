// The mounts that each sandbox makes for itself on its copy of the template.
#include <limits.h>
#include <sched.h>
#include <sys/stat.h>

#include "calls.h"
#include "launcher.h"

static void refuse(struct build *build, const char *what, const struct plan_step *step) {
    sandbox_refuse(build, OSTLER_STAGE_MOUNT, OSTLER_LAYER_MOUNT_NS, what, step ? step->target : NULL);
}

static void ask_witnesses(struct build *build) {
    const struct plan *plan = build->plan;
    for (uint32_t i = 0; plan->has_witnesses && i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (step->kind != OSTLER_STEP_WITNESS || host_file_witness(step) == 0) continue;
        sandbox_refuse(build, OSTLER_STAGE_TEMPLATE, OSTLER_LAYER_PROGRAMS, "changed:", step->source);
    }
}

/// Sources are paths of the host, so they are opened before the view is entered.
static void open_sources(struct build *build, int *trees, bool *directories) {
    const struct plan *plan = build->plan;
    unsigned used = 0;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (!step->per_sandbox || step->kind != OSTLER_STEP_BIND) continue;
        int idmap = step->flags & OSTLER_BIND_IDMAP ? build->slot->idmap : -1;
        trees[used] = mount_source(step, idmap, &directories[used]);
        if (trees[used] < 0 && !(step->flags & OSTLER_BIND_OPTIONAL && errno == ENOENT)) {
            refuse(build, "source of", step);
        }
        used++;
    }
}

static void enter_view(struct build *build) {
    if (setns(build->plan->view, CLONE_NEWNS) < 0) refuse(build, "setns", NULL);
    bool wants_cgroup = build->plan->asked & LAYER(CGROUP_NS);
    bool has_cgroup = wants_cgroup && unshare(CLONE_NEWNS | CLONE_NEWCGROUP) == 0;
    if (wants_cgroup) sandbox_check(build, has_cgroup, OSTLER_STAGE_MOUNT, OSTLER_LAYER_CGROUP_NS, "unshare");
    if (!has_cgroup && unshare(CLONE_NEWNS) < 0) refuse(build, "unshare", NULL);
    build->layers |= LAYER(MOUNT_NS);
}

static int mount_at(const char *type, const char *target, unsigned long flags, const char *options) {
    int done = call_mount(type, target, type, flags, options);
    if (done == 0 || errno != ENOENT) return done;
    // Below another mount of this sandbox the template could not make the mount point.
    int root = open("/", O_PATH | O_CLOEXEC);
    int point = mount_point(root, target, true);
    if (point >= 0) close(point);
    close(root);
    return point < 0 ? -1 : call_mount(type, target, type, flags, options);
}

static bool mount_tmpfs(struct build *build, const struct plan_step *step) {
    char options[192];
    bool unbounded = LEAVES_OUT(build->plan, TMP); // 0 is no limit
    char *at = put_number(put_text(options, "size="), unbounded ? 0 : step->size, 10);
    if (step->inodes && !unbounded) at = put_number(put_text(at, ",nr_inodes="), step->inodes, 10);
    at = put_number(put_text(at, ",mode="), step->mode, 8);
    at = put_number(put_text(at, ",uid="), build->slot->uid, 10);
    at = put_number(put_text(at, ",gid="), build->slot->gid, 10);
    *at = 0;
    unsigned long flags = MS_NOSUID | MS_NODEV | (step->flags & OSTLER_BIND_NOEXEC ? MS_NOEXEC : 0);
    return mount_at("tmpfs", step->target, flags, options) == 0;
}

static bool write_all(int fd, const uint8_t *at, size_t left) {
    while (left) {
        ssize_t done = write(fd, at, left);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        at += done;
        left -= (size_t)done;
    }
    return true;
}

static void put_secret(struct build *build, const struct plan_step *step) {
    int fd = open(step->target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
    bool good = fd >= 0 && fchmod(fd, 0400) == 0 && write_all(fd, step->content, step->content_size) &&
                fchown(fd, build->slot->uid, build->slot->gid) == 0;
    if (!good) refuse(build, "secret", step);
    close(fd);
}

static void lock_secrets(struct build *build, const struct plan_step *step) {
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (call_mount(NULL, step->target, NULL, flags, NULL) < 0) refuse(build, "read-only", step);
}

/// The names of a user's keys are told to whoever is that user outside: that may be the caller.
static bool hide_keys(const char *proc) {
    char path[PATH_MAX + 8];
    *put_text(put_text(path, proc), "/keys") = 0;
    if (call_mount("/dev/null", path, NULL, MS_BIND, NULL) == 0) return true;
    return errno == ENOENT && access(path, F_OK) < 0; // a kernel without keys
}

static void attach(struct build *build, const struct plan_step *step, int tree, bool directory) {
    int root = open("/", O_PATH | O_CLOEXEC);
    bool is_there = step->flags & OSTLER_BIND_EACH;
    int point = is_there ? call_openat2(root, step->target, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT)
                         : mount_point(root, step->target, directory);
    if (point < 0 || call_move_mount(tree, point) < 0) refuse(build, "bind to", step);
    close(point);
    close(root);
    close(tree);
}

void sandbox_mounts(struct build *build) {
    const struct plan *plan = build->plan;
    int trees[SANDBOX_BINDS_MAX];
    bool directories[SANDBOX_BINDS_MAX];
    bool bounded = true, has_tmpfs = false;
    const struct plan_step *secrets = NULL;
    ask_witnesses(build);
    if (LEAVES_OUT(plan, MOUNT_NS)) return;
    open_sources(build, trees, directories);
    enter_view(build);
    unsigned used = 0;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (!step->per_sandbox) continue;
        if (step->kind == OSTLER_STEP_PROC) {
            if (LEAVES_OUT(plan, PROC)) continue;
            bool good = mount_at("proc", step->target, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
            good = good && hide_keys(step->target);
            sandbox_check(build, good, OSTLER_STAGE_MOUNT, OSTLER_LAYER_PROC, "proc");
        } else if (step->kind == OSTLER_STEP_TMPFS) {
            has_tmpfs = true;
            bounded = mount_tmpfs(build, step) && bounded;
            if (!bounded) sandbox_check(build, false, OSTLER_STAGE_MOUNT, OSTLER_LAYER_TMP, step->target);
        } else if (step->kind == OSTLER_STEP_SECRETS) {
            if (!mount_tmpfs(build, step)) refuse(build, "tmpfs", step);
            secrets = step;
        } else if (step->kind == OSTLER_STEP_SECRET) {
            put_secret(build, step);
        } else {
            if (trees[used] >= 0) attach(build, step, trees[used], directories[used]);
            used++;
        }
    }
    if (secrets) lock_secrets(build, secrets);
    if (has_tmpfs && bounded) build->layers |= LAYER(TMP);
}
