// Tries: to reach the hypervisor or another machine by a family that no namespace covers.
// Source: vsock(7); found working in every peer; isolate 2.6 blocks it
// Layers: seccomp
// Control: plain
#include "escape.h"

int main(void) {
    TRY("stream", socket(AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT);
    TRY("datagram", socket(AF_VSOCK, SOCK_DGRAM, 0), EAFNOSUPPORT);
    TRY("pair", socketpair(AF_VSOCK, SOCK_STREAM, 0, (int[2]){0}), EAFNOSUPPORT);
    all_held();
}
