// Tries: to become root by a set-user-id program of root that lies in a granted directory.
// Source: execve(2); CVE-2016-8655's setting; CIS Docker 5.x
// Layers: no_new_privs, minimal_root, user_namespace
// Control: none (the tester is root)
#include "escape.h"

int main(void) {
    char text[1024] = "", command[PATH_MAX + 32];
    struct stat status;
    if (stat(beside("planted-setuid"), &status) < 0) inconclusive("planted-setuid: %s", strerror(errno));
    if (!(status.st_mode & S_ISUID)) inconclusive("planted-setuid has lost its bit");
    snprintf(command, sizeof command, "'%s'", beside("planted-setuid"));
    FILE *pipe = popen(command, "r");
    if (!pipe || !fgets(text, sizeof text, pipe)) inconclusive("planted-setuid did not run");
    text[strcspn(text, "\n")] = 0;
    int euid = -1, egid = -1, uid = -1;
    if (sscanf(text, "euid=%d egid=%d uid=%d", &euid, &egid, &uid) != 3) inconclusive("it said '%s'", text);
    if (euid != (int)getuid() || egid != (int)getgid()) escaped("%s", text);
    held("%.60s", text);
}
