// Tries: to write into the shared memory of a sandbox that runs beside it.
// Source: ipc_namespaces(7)
// Layers: ipc_namespace
// Control: none (the neighbour is a sandbox)
#include <sys/shm.h>

#include "escape.h"

int main(void) {
    TRY("shmget", shmget(0x0571e4, 0, 0), ENOENT);
    for (int id = 0; id < 64; id++) {
        char *memory = shmat(id, NULL, 0);
        if (memory == (void *)-1) continue;
        strcpy(memory, "changed");
        escaped("segment %d was written", id);
    }
    all_held();
}
