// Tries: to make device nodes, and to open one that was planted in a granted directory.
// Source: mknod(2), mount(2) MS_NODEV; found in nsjail, crun, podman and Docker: a planted node opened
// Layers: minimal_root, seccomp, user_namespace
// Control: none (the tester is root)
#include <sys/sysmacros.h>

#include "escape.h"

int main(void) {
    struct stat status;
    TRY("mem", mknod("/tmp/mem", S_IFCHR | 0666, makedev(1, 1)), EPERM);
    TRY("null", mknod("/tmp/null", S_IFCHR | 0666, makedev(1, 3)), EPERM);
    TRY("disk", mknod(WORK "/disk", S_IFBLK | 0666, makedev(8, 0)), EPERM);
    TRY("mknodat", mknodat(AT_FDCWD, "/tmp/mem", S_IFCHR | 0666, makedev(1, 1)), EPERM);
    TRY("high bits", syscall(SYS_mknod, "/tmp/mem", 1UL << 32 | S_IFBLK | 0666, makedev(8, 0)), EPERM);
    if (stat(beside("planted-device"), &status) < 0 || !S_ISCHR(status.st_mode)) inconclusive("no planted node");
    TRY("planted node", open(beside("planted-device"), O_RDONLY), EACCES, EPERM);
    all_held();
}
