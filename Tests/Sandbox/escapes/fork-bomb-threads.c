// Tries: to have more threads than it may: they count as processes.
// Source: cgroups(7) pids; pthreads(7)
// Layers: process_limit
// Control: plain
#include <pthread.h>

#include "escape.h"

static void *wait_for_ever(void *nothing) {
    pause();
    return nothing;
}

int main(void) {
    long limit = bait_number("limit_processes"), count = 0;
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    int err = 0;
    while (count < limit + 16 && !(err = pthread_create(&thread, &attributes, wait_for_ever, NULL))) count++;
    if (count > limit) escaped("%ld threads where %ld are allowed", count, limit);
    if (err != EAGAIN) inconclusive("after %ld: %s", count, strerror(err));
    held("no more than %ld", count);
}
