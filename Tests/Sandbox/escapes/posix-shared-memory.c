// Tries: to open POSIX shared memory and message queues of the host.
// Source: shm_overview(7), mq_overview(7)
// Layers: ipc_namespace, minimal_dev, rlimits
// Control: plain
#include <mqueue.h>

#include "escape.h"

int main(void) {
    TRY("shared memory", open(bait("posix_shm"), O_RDWR), ENOENT);
    TRY("queue", mq_open(bait("queue"), O_RDONLY), ENOENT, EACCES, ENOSYS);
    struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8};
    TRY("a queue of its own", mq_open("/ostler-escape", O_RDWR | O_CREAT, 0600, &attributes), EMFILE, EACCES, ENOSYS);
    all_held();
}
