// Tries: to find signals that the caller has blocked or ignored, among them the two that libc keeps for itself.
// Source: signal(7), nptl(7) on signals 32 and 33; found in several peers
// Layers: environment
// Control: none (outside, dispositions are the tester's)
#include "escape.h"

int main(void) {
    unsigned long blocked = strtoul(status_line("SigBlk"), NULL, 16);
    unsigned long ignored = strtoul(status_line("SigIgn"), NULL, 16);
    unsigned long caught = strtoul(status_line("SigCgt"), NULL, 16);
    unsigned long pending = strtoul(status_line("SigPnd"), NULL, 16) | strtoul(status_line("ShdPnd"), NULL, 16);
    if (blocked || ignored || pending) escaped("blocked %lx ignored %lx pending %lx", blocked, ignored, pending);
    held("nothing blocked, ignored or pending; caught %lx", caught);
}
