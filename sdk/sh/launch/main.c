#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "ostler_sh_launch.h"

int socket_address(const char *path, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path) {
        fprintf(stderr, "ostler-sh-launch: the path is too long for a socket: %s\n", path);
        return 0;
    }
    strcpy(address->sun_path, path);
    return 1;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "serve") == 0) return serve(argv[2]);
    if (argc > 3 && strcmp(argv[1], "run") == 0) return run(argv[2], argv + 3);
    fprintf(stderr, "ostler-sh-launch: it is called by ostler-plugin.bash\n");
    return 2;
}
