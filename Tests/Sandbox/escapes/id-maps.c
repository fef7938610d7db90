// Tries: to write the maps of its user namespace anew.
// Source: user_namespaces(7); CVE-2018-18955
// Layers: user_namespace
// Control: none (maps of the first user namespace are fixed)
#include "escape.h"

static void attempt(const char *path, const char *text) {
    int file = open(path, O_WRONLY);
    if (file < 0) {
        note("%s: %s", path, strerrorname_np(errno));
        return;
    }
    TRY(path, write(file, text, strlen(text)), EPERM, EINVAL);
    close(file);
}

int main(void) {
    attempt("/proc/self/uid_map", "0 0 4294967295");
    attempt("/proc/self/gid_map", "0 0 4294967295");
    attempt("/proc/self/setgroups", "allow");
    attempt("/proc/self/projid_map", "0 0 1");
    attempt("/proc/1/uid_map", "0 0 1");
    all_held();
}
