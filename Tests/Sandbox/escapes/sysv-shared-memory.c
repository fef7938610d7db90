// Tries: to attach shared memory of the host, and to list what there is.
// Source: shmget(2), ipc_namespaces(7); isolate 2.6
// Layers: ipc_namespace
// Control: plain
#include <sys/shm.h>

#include "escape.h"

int main(void) {
    struct shm_info info;
    struct shmid_ds segment;
    TRY("by key", shmget((key_t)bait_number("shm_key"), 0, 0), ENOENT);
    int highest = shmctl(0, SHM_INFO, (void *)&info);
    for (int i = 0; i <= highest; i++) {
        if (shmctl(i, SHM_STAT_ANY, &segment) >= 0) escaped("segment %d of somebody", i);
    }
    TRY("by number", (long)shmat((int)bait_number("shm_id"), NULL, SHM_RDONLY), EINVAL);
    all_held();
}
