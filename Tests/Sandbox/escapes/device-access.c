// Tries: to open devices beyond the six.
// Source: CIS Docker 5.17; CVE-2023-32233's and others' ways into drivers
// Layers: minimal_dev
// Control: plain
#include <dirent.h>

#include "escape.h"

int main(void) {
    static const char *const known = " . .. null zero full random urandom tty fd stdin stdout stderr shm ";
    static const char *const names[] = {"mem", "kmem", "kmsg", "port", "kvm", "fuse", "net/tun", "ptmx", "pts/0", "pts/ptmx",
                                        "console", "tty0", "tty1", "vda", "sda", "nvme0n1", "dm-0", "loop0", "loop-control",
                                        "mapper/control", "userfaultfd", "vhost-net", "vhost-vsock", "vsock", "uinput",
                                        "snd/seq", "dri/card0", "cpu/0/msr", "btrfs-control", "rtc0", "hpet"};
    char path[64], word[300];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "/dev/%s", names[i]);
        TRY(names[i], open(path, O_RDONLY | O_NONBLOCK), ENOENT, EACCES, EPERM);
    }
    DIR *directory = opendir("/dev");
    if (!directory) inconclusive("/dev: %s", strerror(errno));
    for (struct dirent *entry; (entry = readdir(directory));) {
        snprintf(word, sizeof word, " %s ", entry->d_name);
        if (!strstr(known, word)) escaped("/dev/%s is there", entry->d_name);
    }
    all_held();
}
