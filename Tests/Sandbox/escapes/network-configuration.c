// Tries: to bring loopback up and to make interfaces in its network namespace.
// Source: netdevice(7), rtnetlink(7); the namespace is owned from outside
// Layers: capabilities, user_namespace, network_namespace
// Control: disposable
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "escape.h"

static long link_up(void) {
    struct {
        struct nlmsghdr head;
        struct ifinfomsg body;
    } request = {{sizeof request, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0}, {.ifi_index = 1, .ifi_flags = IFF_UP,
                                                                                 .ifi_change = IFF_UP}};
    struct {
        struct nlmsghdr head;
        struct nlmsgerr body;
    } answer;
    int end = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    if (end < 0 || send(end, &request, sizeof request, 0) < 0 || recv(end, &answer, sizeof answer, 0) < 0) return -1;
    errno = -answer.body.error;
    return answer.body.error ? -1 : 0;
}

int main(void) {
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    TRY("by ioctl", ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &loopback), EPERM);
    TRY("by netlink", link_up(), EPERM, EAFNOSUPPORT);
    TRY("tun", open("/dev/net/tun", O_RDWR), ENOENT);
    all_held();
}
