// Tries: to reach an abstract socket of a sandbox that runs beside it.
// Source: unix(7): shared by all who share a network namespace
// Layers: network_namespace
// Control: none (the neighbour is a sandbox)
#include "escape.h"

int main(void) {
    for (int i = 0; i < 20; i++) {
        TRY("connect", abstract_connect("ostler-neighbour"), ECONNREFUSED, EPERM);
        usleep(5000);
    }
    all_held();
}
