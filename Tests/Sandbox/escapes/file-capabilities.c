// Tries: to gain capabilities by a program whose file holds all of them.
// Source: capabilities(7)
// Layers: no_new_privs, capabilities, minimal_root
// Control: none (the tester has them already)
#include <sys/xattr.h>

#include "escape.h"

int main(void) {
    char text[1024] = "", command[PATH_MAX + 32], value[64];
    const char *program = beside("planted-capabilities");
    if (getxattr(program, "security.capability", value, sizeof value) < 0) {
        inconclusive("%s: %s", program, strerror(errno));
    }
    snprintf(command, sizeof command, "'%s' 2>&1", program);
    FILE *pipe = popen(command, "r");
    if (!pipe || !fgets(text, sizeof text, pipe)) inconclusive("it did not run");
    text[strcspn(text, "\n")] = 0;
    const char *effective = strstr(text, "CapEff=");
    // The kernel may also refuse to start what cannot get its capabilities.
    if (!effective) {
        if (strstr(text, "not permitted") || strstr(text, "Permission")) held("%.80s", text);
        inconclusive("it said '%s'", text);
    }
    if (strtoul(effective + 7, NULL, 16)) escaped("%s", text);
    held("%.16s", effective);
}
