// Files of the host in a view: copied or bound as they were judged, or hidden. They run in the child that builds a
// template; the witness is asked in the child that becomes a sandbox. No malloc and no stdio here.
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "calls.h"
#include "launcher.h"

// A copy is no further mount for each sandbox to copy and drop; it costs memory, and time once.
enum { COPY_MAX = 4 << 20 };

static const char mask_name[] = "/.mask";

static bool is_as_judged(const struct ostler_stamp *stamp, const struct stat *status) {
    uint64_t changed = (uint64_t)status->st_ctim.tv_sec * 1000000000u + (uint64_t)status->st_ctim.tv_nsec;
    return stamp->id.device == status->st_dev && stamp->id.inode == status->st_ino && stamp->changed_ns == changed;
}

static int refuse(int fd, int err) {
    if (fd >= 0) close(fd);
    errno = err;
    return -1;
}

/// A detached mount of one file, to be attached in the view.
static int clone_file(int file) {
    struct mount_attr attr = {
        .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE};
    int tree = call_open_tree_at(file, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
    if (tree < 0) return -1;
    return call_mount_setattr(tree, 0, &attr) < 0 ? refuse(tree, errno) : tree;
}

int host_file_open(const struct plan_step *step, uint64_t *budget, bool *copies) {
    const uint64_t flags = O_NOFOLLOW | O_NONBLOCK;
    struct stat status;
    *copies = true;
    int file = call_openat2(AT_FDCWD, step->source, O_RDONLY | flags, RESOLVE_NO_SYMLINKS);
    if (file < 0 && errno == EACCES) {
        // A file that may be executed and not read.
        *copies = false;
        file = call_openat2(AT_FDCWD, step->source, O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
    }
    if (file < 0) return refuse(-1, errno == ELOOP || errno == ENOENT ? ESTALE : errno);
    if (fstat(file, &status) < 0) return refuse(file, errno);
    if (!S_ISREG(status.st_mode) || !is_as_judged(&step->stamp, &status)) return refuse(file, ESTALE);
    *copies = *copies && status.st_size <= COPY_MAX && (uint64_t)status.st_size <= *budget;
    if (*copies) {
        *budget -= (uint64_t)status.st_size;
        return file;
    }
    int tree = clone_file(file);
    return refuse(file, errno), tree;
}

/// What changes while it is copied has been changed after it was judged.
static int copy(int root, const struct plan_step *step, int source) {
    struct stat status;
    if (fstat(source, &status) < 0) return -1;
    int target = call_openat2(root, step->target, O_WRONLY | O_TRUNC, RESOLVE_IN_ROOT);
    if (target < 0) return -1;
    for (off_t left = status.st_size; left > 0;) {
        ssize_t sent = sendfile(target, source, NULL, (size_t)left);
        if (sent <= 0) return refuse(target, sent ? errno : ESTALE);
        left -= sent;
    }
    bool good = fchmod(target, status.st_mode & 0555) == 0;
    good = good && fstat(source, &status) == 0;
    if (good && !is_as_judged(&step->stamp, &status)) return refuse(target, ESTALE);
    if (!good || fstat(target, &status) < 0) return refuse(target, errno);
    if (step->copy_of) *step->copy_of = (struct ostler_file_id){status.st_dev, status.st_ino};
    close(target);
    return 0;
}

/// A file that came with a directory of the host is covered: only the root of the view can take a copy.
static int cover(int source, int point) {
    int tree = clone_file(source);
    if (tree < 0) return -1;
    int done = call_move_mount(tree, point);
    int saved = errno;
    close(tree);
    errno = saved;
    return done;
}

int host_file_attach(int root, const struct plan_step *step, int source, bool copies) {
    struct stat at, top;
    int point = mount_point(root, step->target, false);
    if (point < 0 || fstat(point, &at) < 0 || fstat(root, &top) < 0) return -1;
    bool is_own = at.st_dev == top.st_dev;
    int done = !copies ? call_move_mount(source, point) : is_own ? copy(root, step, source) : cover(source, point);
    int saved = errno;
    close(point);
    close(source);
    errno = saved;
    return done;
}

int host_file_witness(const struct plan_step *step) {
    struct stat status;
    if (fstatat(AT_FDCWD, step->source, &status, AT_SYMLINK_NOFOLLOW) == 0 && is_as_judged(&step->stamp, &status)) return 0;
    errno = ESTALE;
    return -1;
}

/// An empty file that nobody may do anything with; an empty one that could be started would be a script that succeeds.
int mask_make(int root, struct ostler_file_id *id) {
    struct stat status;
    int made = mknodat(root, mask_name + 1, S_IFREG, 0);
    int mask = made < 0 ? -1 : openat(root, mask_name + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (mask < 0 || fstat(mask, &status) < 0) return -1;
    *id = (struct ostler_file_id){status.st_dev, status.st_ino};
    return mask;
}

int mask_attach(int root, const struct plan_step *step, int mask) {
    struct stat status;
    int point = call_openat2(root, step->target, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
    if (point < 0) return refuse(-1, errno == ENOENT || errno == ELOOP ? ESTALE : errno);
    if (fstat(point, &status) < 0) return refuse(point, errno);
    const struct ostler_file_id *id = &step->stamp.id;
    if (id->device != status.st_dev || id->inode != status.st_ino) return refuse(point, ESTALE);
    struct mount_attr attr = {
        .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY,
        .propagation = MS_PRIVATE,
    };
    int tree = call_open_tree_at(mask, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
    bool good = tree >= 0 && call_mount_setattr(tree, 0, &attr) == 0 && call_move_mount(tree, point) == 0;
    int saved = errno;
    if (tree >= 0) close(tree);
    return good ? (close(point), 0) : refuse(point, saved);
}

int mask_forget(int root) {
    return unlinkat(root, mask_name + 1, 0);
}
