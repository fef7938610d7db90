// Tries: to make sockets that read or forge packets.
// Source: packet(7), raw(7); CVE-2016-8655, CVE-2020-14386 (AF_PACKET)
// Layers: seccomp, capabilities
// Control: plain
#include <netinet/in.h>

#include "escape.h"

int main(void) {
    TRY("packet", socket(AF_PACKET, SOCK_RAW, 0x300), EAFNOSUPPORT, EPERM);
    TRY("packet, datagrams", socket(AF_PACKET, SOCK_DGRAM, 0), EAFNOSUPPORT, EPERM);
    TRY("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
    TRY("raw, any", socket(AF_INET, SOCK_RAW, IPPROTO_RAW), EPERM);
    TRY("raw, 6", socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), EPERM, EAFNOSUPPORT);
    TRY("ping", socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EACCES, EPERM);
    all_held();
}
