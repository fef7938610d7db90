// Tries: to see or signal a process of the host by its number.
// Source: kill(2), pidfd_open(2), pid_namespaces(7)
// Layers: pid_namespace
// Control: plain
#include "escape.h"

int main(void) {
    pid_t target = (pid_t)bait_number("pid");
    if (kill(target, 0) < 0 && errno == EPERM) escaped("kill tells that there is a process %d", target);
    TRY("kill 0", kill(target, 0), ESRCH);
    TRY("kill group", kill(-target, 0), ESRCH);
    TRY("pidfd_open", syscall(SYS_pidfd_open, target, 0), ESRCH);
    TRY("tgkill", syscall(SYS_tgkill, target, target, 0), ESRCH);
    TRY("getpgid", getpgid(target), ESRCH);
    TRY("getsid", getsid(target), ESRCH);
    TRY("sched_getscheduler", syscall(SYS_sched_getscheduler, target), ESRCH);
    all_held();
}
