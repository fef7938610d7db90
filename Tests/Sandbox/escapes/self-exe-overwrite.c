// Tries: to write to the program of process 1, which is the launcher's, and to one's own.
// Source: CVE-2019-5736 (runc)
// Layers: init, minimal_root, user_namespace
// Control: none (it would damage a program)
#include "escape.h"

int main(void) {
    char path[64];
    TRY("/proc/1/exe for writing", open("/proc/1/exe", O_WRONLY), EACCES, EPERM);
    TRY("/proc/1/exe as a path", open("/proc/1/exe", O_PATH), EACCES, EPERM);
    TRY("run /proc/1/exe", execl("/proc/1/exe", "x", NULL), EACCES, EPERM);
    TRY("/proc/self/exe for writing", open("/proc/self/exe", O_WRONLY), EROFS, ETXTBSY, EACCES);
    int own = open("/proc/self/exe", O_PATH);
    if (own < 0) inconclusive("/proc/self/exe: %s", strerror(errno));
    snprintf(path, sizeof path, "/proc/self/fd/%d", own);
    TRY("reopen for writing", open(path, O_RDWR), EROFS, ETXTBSY, EACCES);
    all_held();
}
