// Tries: to have the host run a program of the attacker's for the next crash.
// Source: core(5); Felix Wilhelm's container escape by release_agent and core_pattern
// Layers: user_namespace
// Control: plain
#include "escape.h"

int main(void) {
    // Opened, never written.
    TRY("core_pattern", open("/proc/sys/kernel/core_pattern", O_WRONLY), EACCES, EPERM, EROFS);
    TRY("modprobe", open("/proc/sys/kernel/modprobe", O_WRONLY), EACCES, EPERM, EROFS, ENOENT);
    TRY("hotplug", open("/sys/kernel/uevent_helper", O_WRONLY), EACCES, EPERM, EROFS, ENOENT);
    all_held();
}
