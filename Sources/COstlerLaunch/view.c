// The template of a plan: a mount namespace that a short-lived child builds and that every sandbox copies.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "calls.h"
#include "launcher.h"

enum { BUILD_LIMIT_MS = 10000, COPIES_MAX = 32 << 20 };

struct view {
    const struct plan *plan;
    struct progress *progress;
    int root;
    int dev;
    int mask;
    uint64_t copies_left;
    int *sources; // by step; -1: none, or an optional one that is not there
    bool *directories;
    bool *copied;
    int ready; // a byte here: the view stands
};

static void fail(struct view *view, const char *what, const char *which) __attribute__((noreturn));

static void fail(struct view *view, const char *what, const char *which) {
    progress_fail(view->progress, OSTLER_STAGE_TEMPLATE, errno, OSTLER_LAYER_ROOT, what, which);
    _exit(1);
}

/// All sources are opened before anything is mounted, so that no path of the host is looked up in a half-made view.
static void open_sources(struct view *view) {
    for (uint32_t i = 0; i < view->plan->step_count; i++) {
        const struct plan_step *step = &view->plan->steps[i];
        view->sources[i] = -1;
        if (step->kind == OSTLER_STEP_HOST_FILE) {
            view->sources[i] = host_file_open(step, &view->copies_left, &view->copied[i]);
            if (view->sources[i] < 0) fail(view, "program", step->source);
        }
        if (step->kind != OSTLER_STEP_BIND) continue;
        if (step->per_sandbox) {
            struct stat status;
            bool found = stat(step->source, &status) == 0;
            if (!found && !(step->flags & OSTLER_BIND_OPTIONAL && errno == ENOENT)) fail(view, "bind", step->source);
            view->directories[i] = found ? S_ISDIR(status.st_mode) : true;
            continue;
        }
        view->sources[i] = mount_source(step, -1, &view->directories[i]);
        if (view->sources[i] < 0 && !(step->flags & OSTLER_BIND_OPTIONAL && errno == ENOENT)) {
            fail(view, "bind", step->source);
        }
    }
}

static void mount_root(struct view *view) {
    // Any directory will do; it is the host's root that is left behind.
    static const char *const places[] = {"/tmp", "/mnt", "/run", "/var"};
    int context = call_fsopen("tmpfs");
    if (context < 0 || call_fsconfig(context, FSCONFIG_SET_STRING, "mode", "0755") < 0 ||
        call_fsconfig(context, FSCONFIG_SET_STRING, "size", "64m") < 0 ||
        call_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL) < 0) {
        fail(view, "tmpfs", "/");
    }
    view->root = call_fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    if (view->root < 0) fail(view, "tmpfs", "/");
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        int point = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (point >= 0 && call_move_mount(view->root, point) == 0) return;
        if (point >= 0) close(point);
    }
    fail(view, "tmpfs", "/");
}

static void make_file(struct view *view, const struct plan_step *step) {
    int point = mount_point(view->root, step->target, false);
    if (point < 0) fail(view, "file", step->target);
    close(point);
    int file = call_openat2(view->root, step->target, O_WRONLY | O_TRUNC, RESOLVE_IN_ROOT);
    if (file < 0) fail(view, "file", step->target);
    for (size_t done = 0; done < step->content_size;) {
        ssize_t wrote = write(file, step->content + done, step->content_size - done);
        if (wrote < 0) fail(view, "file", step->target);
        done += (size_t)wrote;
    }
    if (fchmod(file, step->mode) < 0) fail(view, "file", step->target);
    close(file);
}

static void make_directory(struct view *view, const struct plan_step *step) {
    int point = mount_point(view->root, step->target, true);
    int directory = point < 0 ? -1 : openat(point, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || fchmod(directory, step->mode) < 0) fail(view, "directory", step->target);
    close(directory);
    close(point);
}

static void make_symlink(struct view *view, const struct plan_step *step) {
    const char *name = strrchr(step->target, '/');
    char parent[4096];
    memcpy(parent, step->target, (size_t)(name - step->target));
    parent[name - step->target] = 0;
    int directory = parent[0] ? mount_point(view->root, parent, true) : dup(view->root);
    if (directory < 0 || symlinkat(step->source, directory, name + 1) < 0) fail(view, "symlink", step->target);
    close(directory);
}

static void attach_bind(struct view *view, uint32_t index) {
    const struct plan_step *step = &view->plan->steps[index];
    if (view->sources[index] < 0) return;
    int point = mount_point(view->root, step->target, view->directories[index]);
    if (point < 0 || call_move_mount(view->sources[index], point) < 0) fail(view, "bind to", step->target);
    close(point);
    close(view->sources[index]);
}

static void attach_file(struct view *view, uint32_t index) {
    const struct plan_step *step = &view->plan->steps[index];
    if (host_file_attach(view->root, step, view->sources[index], view->copied[index]) < 0) {
        fail(view, "program at", step->target);
    }
}

/// Mount points below a mount that each sandbox makes are made by the sandbox.
static bool is_covered(const struct plan *plan, uint32_t index) {
    for (uint32_t i = 0; i < index; i++) {
        if (plan->steps[i].per_sandbox && path_is_below(plan->steps[index].target, plan->steps[i].target)) return true;
    }
    return false;
}

static void make_point(struct view *view, uint32_t index) {
    const struct plan_step *step = &view->plan->steps[index];
    // A secret is a file below a mount of the sandbox's own.
    if (is_covered(view->plan, index) || step->kind == OSTLER_STEP_SECRET) return;
    // What each sandbox looks up lies in something that is bound: a point for it would be made on the host.
    if (step->flags & OSTLER_BIND_EACH) return;
    bool directory = step->kind != OSTLER_STEP_BIND || view->directories[index];
    int point = mount_point(view->root, step->target, directory);
    if (point < 0) fail(view, "mount point", step->target);
    close(point);
}

/// A fresh /proc may be mounted in a mount namespace of a user namespace only where a whole one is visible already.
/// One of a pid namespace that has ended satisfies the kernel and shows nothing.
static void mount_placeholder(struct view *view) {
    pid_t child = call_clone(CLONE_NEWPID, NULL);
    if (child < 0) fail(view, "placeholder", "/proc");
    if (child == 0) {
        int context = call_fsopen("proc");
        int point = mount_point(view->root, "/proc", true);
        if (context < 0 || point < 0 || call_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL) < 0) _exit(errno);
        int tree = call_fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        _exit(tree < 0 || call_move_mount(tree, point) < 0 ? errno : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    errno = WEXITSTATUS(status);
    if (status) fail(view, "placeholder", "/proc");
}

/// A mask comes after what it hides, so it is found in the view whichever mount it came with.
static void hide_files(struct view *view) {
    const struct plan *plan = view->plan;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        if (step->kind != OSTLER_STEP_MASK) continue;
        if (view->mask < 0) view->mask = mask_make(view->root, plan->mask);
        if (view->mask < 0 || mask_attach(view->root, step, view->mask) < 0) fail(view, "mask", step->target);
    }
    if (view->mask >= 0 && mask_forget(view->root) < 0) fail(view, "mask", NULL);
}

static void lock_down(struct view *view) {
    struct mount_attr attr = {.attr_set = LEAVES_OUT(view->plan, ROOT) ? 0 : MOUNT_ATTR_RDONLY};
    if (view->dev >= 0 && call_mount_setattr(view->dev, 0, &attr) < 0) fail(view, "read-only", "/dev");
    if (call_mount_setattr(view->root, 0, &attr) < 0) fail(view, "read-only", "/");
    // pivot_root(".", ".") stacks the old root on the new one, which needs no directory for it.
    if (fchdir(view->root) < 0 || call_pivot_root(".", ".") < 0 || call_umount(".", MNT_DETACH) < 0 || chdir("/") < 0) {
        fail(view, "pivot_root", NULL);
    }
}

static void build(struct view *view) __attribute__((noreturn));

static void build(struct view *view) {
    umask(0);
    if (syscall(SYS_unshare, CLONE_NEWNS) < 0) fail(view, "unshare", NULL);
    open_sources(view);
    // While the host's /dev and /proc are not covered yet; steps then find these in place.
    mount_root(view);
    const char *what = "/dev";
    for (uint32_t i = 0; i < view->plan->step_count; i++) {
        if (view->plan->steps[i].kind != OSTLER_STEP_DEVICES || view->dev >= 0) continue;
        if (LEAVES_OUT(view->plan, DEV)) continue;
        view->dev = mount_devices(view->root, &what);
        if (view->dev < 0) fail(view, "device", what);
    }
    if (!launcher.initial_user_ns) mount_placeholder(view);
    for (uint32_t i = 0; i < view->plan->step_count; i++) {
        const struct plan_step *step = &view->plan->steps[i];
        if (step->per_sandbox) make_point(view, i);
        else if (step->kind == OSTLER_STEP_DIR) make_directory(view, step);
        else if (step->kind == OSTLER_STEP_BIND) attach_bind(view, i);
        else if (step->kind == OSTLER_STEP_SYMLINK) make_symlink(view, step);
        else if (step->kind == OSTLER_STEP_FILE) make_file(view, step);
        else if (step->kind == OSTLER_STEP_HOST_FILE) attach_file(view, i);
    }
    hide_files(view);
    lock_down(view);
    if (view->plan->ruleset >= 0 && !landlock_fill(view->plan, &what)) fail(view, "landlock", what);
    if (write(view->ready, "r", 1) != 1) _exit(1);
    // The namespace needs a process until the launcher has a descriptor of it; then the launcher kills this one.
    for (;;) pause();
}

/// Waits for the builder, but not for ever: a source may lie on a file system that does not answer.
static int take_namespace(pid_t child, int ready, struct progress *progress) {
    struct pollfd wait = {.fd = ready, .events = POLLIN};
    char byte;
    if (poll(&wait, 1, BUILD_LIMIT_MS) == 0) {
        progress_fail(progress, OSTLER_STAGE_TEMPLATE, ETIMEDOUT, OSTLER_LAYER_ROOT, "a source does not answer", NULL);
        return -1;
    }
    if (read(ready, &byte, 1) != 1) return -1;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)child);
    int view = open(path, O_RDONLY | O_CLOEXEC);
    if (view < 0) progress_fail(progress, OSTLER_STAGE_TEMPLATE, errno, OSTLER_LAYER_MOUNT_NS, path, NULL);
    return view;
}

static int run_builder(struct view *view, struct progress *progress) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -1;
    pid_t launcher_pid = getpid();
    pid_t child = call_clone(0, NULL);
    if (child == 0) {
        // It waits to be killed by the launcher, and must not wait for one that is gone.
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != launcher_pid) _exit(1);
        close(ends[0]);
        view->ready = ends[1];
        build(view);
    }
    close(ends[1]);
    int found = child < 0 ? -1 : take_namespace(child, ends[0], progress);
    close(ends[0]);
    if (child < 0) return -1;
    kill(child, SIGKILL);
    // One that hangs in the kernel is left behind: waiting for it would hang the launcher too.
    waitpid(child, NULL, progress->err == ETIMEDOUT ? WNOHANG : 0);
    return found;
}

/// Answers the namespace, or -1 with `failure` filled in.
int view_build(struct plan *plan, struct progress *failure) {
    struct progress *shared = &launcher.pages[SLOT_MAX];
    memset(shared, 0, sizeof *shared);
    struct view view = {.plan = plan, .progress = shared, .root = -1, .dev = -1, .mask = -1, .copies_left = COPIES_MAX};
    view.sources = calloc(plan->step_count + 1, sizeof *view.sources);
    view.directories = calloc(plan->step_count + 1, sizeof *view.directories);
    view.copied = calloc(plan->step_count + 1, sizeof *view.copied);
    // Made here and filled by the builder, which inherits it.
    if (plan->has_landlock) plan->ruleset = landlock_create(plan->limits_execution, plan->loopback);
    int found = view.sources && view.directories && view.copied ? run_builder(&view, shared) : -1;
    if (found < 0) {
        progress_fail(shared, OSTLER_STAGE_TEMPLATE, errno, OSTLER_LAYER_MOUNT_NS, "builder", NULL);
        *failure = *shared;
    }
    free(view.sources);
    free(view.directories);
    free(view.copied);
    plan->layers = LAYER(ROOT);
    if (plan_fences_programs(plan)) plan->layers |= LAYER(PROGRAMS);
    for (uint32_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == OSTLER_STEP_DEVICES) plan->layers |= LAYER(DEV);
    }
    return found;
}
