// Tries: to change the mounts of a sandbox that runs.
// Source: mount(2), fsopen(2), open_tree(2), mount_setattr(2); CVE-2022-0185 (fsconfig)
// Layers: seccomp, capabilities
// Control: disposable
#include <linux/mount.h>

#include "escape.h"

#define CALL(number, ...) syscall(number, ##__VA_ARGS__)

int main(void) {
    struct mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY};
    TRY("mount tmpfs", CALL(SYS_mount, "none", "/tmp", "tmpfs", 0, ""), EPERM);
    TRY("bind", CALL(SYS_mount, "/usr", "/tmp", NULL, MS_BIND, NULL), EPERM);
    TRY("remount", CALL(SYS_mount, NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL), EPERM);
    TRY("umount", CALL(SYS_umount2, "/proc", 2), EPERM);
    TRY("pivot_root", CALL(SYS_pivot_root, "/tmp", "/tmp"), EPERM);
    TRY("chroot", CALL(SYS_chroot, "/tmp"), EPERM);
    TRY("fsopen", CALL(SYS_fsopen, "tmpfs", 0), EPERM);
    TRY("fspick", CALL(SYS_fspick, AT_FDCWD, "/", 0), EPERM);
    TRY("fsconfig", CALL(SYS_fsconfig, 0, 0, NULL, NULL, 0), EPERM);
    TRY("fsmount", CALL(SYS_fsmount, 0, 0, 0), EPERM);
    TRY("open_tree", CALL(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE), EPERM);
    TRY("move_mount", CALL(SYS_move_mount, AT_FDCWD, "/usr", AT_FDCWD, "/tmp", 0), EPERM);
    TRY("mount_setattr", CALL(SYS_mount_setattr, AT_FDCWD, "/usr", 0, &attr, sizeof attr), EPERM);
    TRY("open_tree_attr", CALL(467, AT_FDCWD, "/", OPEN_TREE_CLONE, &attr, sizeof attr), ENOSYS, EPERM);
    all_held();
}
