// Tries: to reach a server on the loopback of a sandbox that runs beside it.
// Source: network_namespaces(7)
// Layers: network_namespace, landlock
// Control: none (the neighbour is a sandbox)
#include <arpa/inet.h>
#include <netinet/in.h>

#include "escape.h"

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(4711)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 20; i++) {
        int end = socket(AF_INET, SOCK_STREAM, 0);
        TRY("connect", connect(end, (void *)&address, sizeof address), ENETUNREACH, EPERM, EACCES);
        TRY("datagram", sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (void *)&address, sizeof address), ENETUNREACH,
            EPERM);
        close(end);
    }
    all_held();
}
