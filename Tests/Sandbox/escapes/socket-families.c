// Tries: every family of sockets that there is: rare ones are the kernel's least looked after code.
// Source: socket(2); CVE-2017-6074 (DCCP), CVE-2021-43267 (TIPC), CVE-2022-2590's kin
// Layers: seccomp
// Control: plain
#include "escape.h"

int main(void) {
    static const int kinds[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_RDM, 6, 10};
    for (int family = 0; family < 64; family++) {
        if (family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK) continue;
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            if (socket(family, kinds[i], 0) >= 0) escaped("a socket of family %d, kind %d", family, kinds[i]);
            if (errno != EAFNOSUPPORT) escaped("family %d reached the kernel: %s", family, strerrorname_np(errno));
        }
    }
    held("none of 60 other families");
}
