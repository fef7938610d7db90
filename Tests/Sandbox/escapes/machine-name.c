// Tries: to learn the host's name, and to change one.
// Source: uts_namespaces(7), sethostname(2)
// Layers: uts_namespace
// Control: plain
#include <sys/utsname.h>

#include "escape.h"

int main(void) {
    struct utsname name;
    if (uname(&name) < 0) inconclusive("uname: %s", strerror(errno));
    if (!strcmp(bait("host"), "ostler")) inconclusive("the host bears the sandbox's own name");
    if (!strcmp(name.nodename, bait("host"))) escaped("the host is called %s", name.nodename);
    // A length that cannot take effect, even where it is allowed.
    TRY("sethostname", syscall(SYS_sethostname, "x", 65536), EPERM);
    TRY("setdomainname", syscall(SYS_setdomainname, "x", 65536), EPERM);
    all_held();
}
