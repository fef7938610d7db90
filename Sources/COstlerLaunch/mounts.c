// Pieces of a view. They run in the child that builds a template and in the child that becomes a sandbox:
// no malloc and no stdio here.
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "calls.h"
#include "launcher.h"

/// Opens `path` below `root`, making what does not exist yet. Links are followed inside the view only: a bind may hold
/// links that its owner can change at any time.
int mount_point(int root, const char *path, bool directory) {
    char prefix[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof prefix) return errno = ENAMETOOLONG, -1;
    memcpy(prefix, path, length + 1);
    int at = call_openat2(root, ".", O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT);
    char *part = prefix + 1;
    while (at >= 0) {
        char *end = strchr(part, '/');
        if (end) *end = 0;
        bool last = !end;
        int next = call_openat2(root, prefix, O_PATH, RESOLVE_IN_ROOT);
        if (next < 0 && errno == ENOENT) {
            int made = last && !directory ? mknodat(at, part, S_IFREG | 0644, 0) : mkdirat(at, part, 0755);
            if (made == 0) next = call_openat2(root, prefix, O_PATH, RESOLVE_IN_ROOT);
        }
        int saved = errno;
        close(at);
        errno = saved;
        at = next;
        if (last) break;
        *end = '/';
        part = end + 1;
    }
    return at;
}

// A launcher of tests may do without, to show what else holds and what does not.
#ifdef OSTLER_LAUNCH_WITNESS_MOUNTS
enum { ALWAYS = 0 };
#else
enum { ALWAYS = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
#endif

/// A directory on the way to a source may be one that a sandbox writes to, and in which it has put a link by now.
static int clone_source(const struct plan_step *step, unsigned flags) {
    if (!(step->flags & OSTLER_BIND_NO_LINKS)) return call_open_tree(step->source, flags);
    int place = call_openat2(AT_FDCWD, step->source, O_PATH, RESOLVE_NO_SYMLINKS);
    if (place < 0) return -1;
    int tree = call_open_tree_at(place, "", flags | AT_EMPTY_PATH);
    int saved = errno;
    close(place);
    errno = saved;
    return tree;
}

/// Some file systems cannot be mapped. Below a mount that can, their files stay as they are: others' to the sandbox.
static bool map_owners(int tree, int idmap, bool deep) {
    struct mount_attr mapping = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)idmap};
    if (idmap < 0 || (deep && call_mount_setattr(tree, AT_RECURSIVE, &mapping) == 0)) return true;
    return call_mount_setattr(tree, 0, &mapping) == 0;
}

/// A detached copy of a bind's source with the bind's attributes, and whether it is a directory.
int mount_source(const struct plan_step *step, int idmap, bool *directory) {
    bool deep = step->flags & OSTLER_BIND_RECURSIVE;
    int tree = clone_source(step, OPEN_TREE_CLONE | (deep ? AT_RECURSIVE : 0));
    if (tree < 0) return -1;
    // Private: a mount made on the host later must not appear in a view.
    struct mount_attr attr = {.attr_set = ALWAYS, .propagation = MS_PRIVATE};
    if (step->flags & OSTLER_BIND_RO) attr.attr_set |= MOUNT_ATTR_RDONLY;
    if (step->flags & OSTLER_BIND_NOEXEC) attr.attr_set |= MOUNT_ATTR_NOEXEC;
    struct stat status;
    if (call_mount_setattr(tree, AT_RECURSIVE, &attr) < 0 || fstat(tree, &status) < 0 ||
        !map_owners(tree, idmap, deep)) {
        int saved = errno;
        close(tree);
        errno = saved;
        return -1;
    }
    *directory = S_ISDIR(status.st_mode);
    return tree;
}

static const struct device {
    const char *name;
    const char *host;
    unsigned major;
    unsigned minor;
} devices[] = {
    {"null", "/dev/null", 1, 3},     {"zero", "/dev/zero", 1, 5},       {"full", "/dev/full", 1, 7},
    {"random", "/dev/random", 1, 8}, {"urandom", "/dev/urandom", 1, 9}, {"tty", "/dev/tty", 5, 0},
};

enum { DEVICE_COUNT = sizeof devices / sizeof devices[0] };

/// Nodes of its own are one mount for all sandboxes to copy, binds are six. A user namespace or a device cgroup forbids
/// nodes, and a node that was made may still not open.
static bool make_nodes(int at) {
    for (unsigned i = 0; i < DEVICE_COUNT; i++) {
        dev_t number = makedev(devices[i].major, devices[i].minor);
        if (mknodat(at, devices[i].name, S_IFCHR | 0666, number) < 0) return false;
        if (fchmodat(at, devices[i].name, 0666, 0) < 0) return false;
    }
    int null = openat(at, "null", O_RDWR | O_CLOEXEC);
    if (null < 0) return false;
    close(null);
    return true;
}

static bool bind_nodes(int at, const char **what) {
    for (unsigned i = 0; i < DEVICE_COUNT; i++) {
        *what = devices[i].host;
        unlinkat(at, devices[i].name, 0);
        int tree = call_open_tree(devices[i].host, OPEN_TREE_CLONE);
        struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, .propagation = MS_PRIVATE};
        if (tree < 0 || call_mount_setattr(tree, 0, &attr) < 0) return false;
        if (mknodat(at, devices[i].name, S_IFREG | 0644, 0) < 0) return false;
        int point = openat(at, devices[i].name, O_PATH | O_CLOEXEC);
        if (point < 0 || call_move_mount(tree, point) < 0) return false;
        close(point);
        close(tree);
    }
    return true;
}

/// Must run before the host's /dev is covered. Answers the mount of the new /dev, still writable.
int mount_devices(int root, const char **what) {
    static const char *const links[][2] = {
        {"/proc/self/fd", "fd"},
        {"/proc/self/fd/0", "stdin"},
        {"/proc/self/fd/1", "stdout"},
        {"/proc/self/fd/2", "stderr"},
    };
    *what = "/dev";
    int point = mount_point(root, "/dev", true);
    int context = call_fsopen("tmpfs");
    if (point < 0 || context < 0 || call_fsconfig(context, FSCONFIG_SET_STRING, "mode", "0755") < 0 ||
        call_fsconfig(context, FSCONFIG_SET_STRING, "size", "64k") < 0 ||
        call_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL) < 0) {
        return -1;
    }
    int tree = call_fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    close(context);
    if (tree < 0 || call_move_mount(tree, point) < 0) return -1;
    close(point);
    if (!make_nodes(tree) && !bind_nodes(tree, what)) return -1;
    *what = "/dev/fd";
    for (unsigned i = 0; i < sizeof links / sizeof links[0]; i++) {
        if (symlinkat(links[i][0], tree, links[i][1]) < 0) return -1;
    }
    return tree;
}
