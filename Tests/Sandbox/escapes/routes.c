// Tries: to find a way off the machine. A datagram socket is connected, which looks up the route and sends nothing.
// Source: udp(7), network_namespaces(7)
// Layers: network_namespace
// Control: none (it depends on the machine's network)
#include <arpa/inet.h>
#include <netinet/in.h>

#include "escape.h"

int main(void) {
    // Addresses for documentation, of the metadata services of clouds, and of resolvers.
    static const char *const places[] = {"192.0.2.1", "169.254.169.254", "10.0.0.1", "192.168.1.1", "8.8.8.8", "127.0.0.53"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53)};
        inet_pton(AF_INET, places[i], &address.sin_addr);
        TRY(places[i], connect(socket(AF_INET, SOCK_DGRAM, 0), (void *)&address, sizeof address), ENETUNREACH, EPERM,
            EHOSTUNREACH);
    }
    char text[2048];
    if (!read_text("/proc/net/dev", text, sizeof text)) inconclusive("/proc/net/dev: %s", strerror(errno));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (strchr(line, ':') && !strstr(line, "lo:") ) escaped("there is an interface: %.20s", line);
    }
    all_held();
}
