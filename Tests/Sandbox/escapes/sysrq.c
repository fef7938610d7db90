// Tries: to reach the kernel's emergency keys.
// Source: proc(5) on /proc/sysrq-trigger
// Layers: user_namespace
// Control: none (opening it is harmless, but the tester is root)
#include "escape.h"

int main(void) {
    // Opened, never written.
    TRY("sysrq-trigger", open("/proc/sysrq-trigger", O_WRONLY), EACCES, EPERM, EROFS, ENOENT);
    TRY("kcore", open("/proc/kcore", O_RDONLY), EACCES, EPERM, ENOENT);
    TRY("kmsg", open("/proc/kmsg", O_RDONLY), EACCES, EPERM, ENOENT);
    TRY("kpageflags", open("/proc/kpageflags", O_RDONLY), EACCES, EPERM, ENOENT);
    TRY("vmcore", open("/proc/vmcore", O_RDONLY), EACCES, EPERM, ENOENT);
    all_held();
}
