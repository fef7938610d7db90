// Tries: to read the kernel's log, which holds addresses.
// Source: syslog(2), CIS Docker; CVE-2013-1860's kin
// Layers: seccomp, minimal_dev
// Control: plain
#include <sys/klog.h>

#include "escape.h"

int main(void) {
    TRY("size", klogctl(10, NULL, 0), EPERM);
    TRY("kmsg", open("/dev/kmsg", O_RDONLY | O_NONBLOCK), ENOENT);
    TRY("kmsg for writing", open("/dev/kmsg", O_WRONLY | O_NONBLOCK), ENOENT);
    all_held();
}
