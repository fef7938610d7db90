// Tries: to get rid of the fence by running a program that is no file.
// Source: memfd_create(2), execveat(2); a common way around allow lists
// Layers: no_new_privs, seccomp, capabilities
// Control: none (outside, there is no fence to keep)
#include <sys/mman.h>

#include "escape.h"

extern char **environ;

static void judge_self(void) {
    if (strcmp(status_line("NoNewPrivs"), "1")) escaped("no_new_privs is gone");
    if (strcmp(status_line("Seccomp"), "2")) escaped("the filter is gone");
    if (strtoull(status_line("CapEff"), NULL, 16)) escaped("there are capabilities");
    held("a program without a file is fenced like any other");
}

int main(int argc, char **argv) {
    if (argc > 1) judge_self();
    int own = open("/proc/self/exe", O_RDONLY), copy = memfd_create("escape", MFD_CLOEXEC);
    char room[65536];
    ssize_t count;
    if (own < 0) inconclusive("/proc/self/exe: %s", strerror(errno));
    if (copy < 0) held("memfd_create: %s", strerrorname_np(errno));
    while ((count = read(own, room, sizeof room)) > 0) {
        if (write(copy, room, (size_t)count) != count) inconclusive("write: %s", strerror(errno));
    }
    char *again[] = {argv[0], "again", NULL};
    syscall(SYS_execveat, copy, "", again, environ, AT_EMPTY_PATH);
    if (errno == EACCES || errno == EPERM) held("execveat: %s", strerrorname_np(errno));
    inconclusive("execveat: %s", strerror(errno));
}
