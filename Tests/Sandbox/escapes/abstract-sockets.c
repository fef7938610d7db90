// Tries: to connect to an abstract socket of the host, and to see which there are.
// Source: unix(7); CVE-2020-15257 (containerd's shim listened there)
// Layers: network_namespace
// Control: plain
#include "escape.h"

int main(void) {
    char text[4096] = "";
    TRY("connect", abstract_connect(bait("abstract")), ECONNREFUSED, EPERM);
    int file = open("/proc/net/unix", O_RDONLY);
    if (file >= 0) {
        ssize_t count = read(file, text, sizeof text - 1);
        text[count > 0 ? count : 0] = 0;
        if (strchr(text, '@')) escaped("abstract sockets are listed");
    }
    all_held();
}
