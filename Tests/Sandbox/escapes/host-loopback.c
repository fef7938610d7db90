// Tries: to connect to a server on the host's loopback.
// Source: network_namespaces(7); CVE-2021-20199 (rootless podman)
// Layers: network_namespace, landlock
// Control: plain
#include <arpa/inet.h>
#include <netinet/in.h>

#include "escape.h"

int main(void) {
    uint16_t port = htons((uint16_t)bait_number("port"));
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = port};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    TRY("127.0.0.1", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&four, sizeof four), ENETUNREACH, EPERM, EACCES,
        EAFNOSUPPORT);
    TRY("0.0.0.0", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&any, sizeof any), ENETUNREACH, ECONNREFUSED, EPERM,
        EACCES);
    TRY("::1", connect(socket(AF_INET6, SOCK_STREAM, 0), (void *)&six, sizeof six), ENETUNREACH, EADDRNOTAVAIL, ECONNREFUSED,
        EAFNOSUPPORT, EPERM, EACCES);
    all_held();
}
