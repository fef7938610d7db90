// Tries: to speak to parts of the kernel by netlink.
// Source: netlink(7); CVE-2023-32233, CVE-2024-1086 (nf_tables), CVE-2021-27365 (iscsi)
// Layers: seccomp
// Control: plain
#include <linux/netlink.h>

#include "escape.h"

int main(void) {
    for (int protocol = 1; protocol < 32; protocol++) {
        if (socket(AF_NETLINK, SOCK_RAW, protocol) >= 0) escaped("a socket of protocol %d", protocol);
        // The kernel's own answer to a protocol that it does not have is another.
        if (errno != EAFNOSUPPORT) escaped("protocol %d reached the kernel: %s", protocol, strerrorname_np(errno));
    }
    note("31 protocols: EAFNOSUPPORT");
    TRY("high bits", syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 1L << 32 | NETLINK_NETFILTER), EAFNOSUPPORT);
    all_held();
}
