// Tries: to reach the kernel's ciphers by sockets.
// Source: CVE-2019-8912 and others (AF_ALG)
// Layers: seccomp
// Control: none (not all kernels have it)
#include "escape.h"

int main(void) {
    TRY("AF_ALG", socket(AF_ALG, SOCK_SEQPACKET, 0), EAFNOSUPPORT);
    TRY("AF_KEY", socket(AF_KEY, SOCK_RAW, 2), EAFNOSUPPORT);
    TRY("AF_XDP", socket(AF_XDP, SOCK_RAW, 0), EAFNOSUPPORT);
    all_held();
}
