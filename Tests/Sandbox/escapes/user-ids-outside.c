// Tries: to be, outside, a user whom others trust: the map must lead to nobody's id but its own.
// Source: found in bubblewrap run by root: the command was root on the host; user_namespaces(7)
// Layers: user_namespace
// Control: plain
#include "escape.h"

int main(void) {
    char text[256];
    unsigned inside, outside, count;
    if (!read_text("/proc/self/uid_map", text, sizeof text)) inconclusive("uid_map: %s", strerror(errno));
    if (sscanf(text, "%u %u %u", &inside, &outside, &count) != 3) inconclusive("uid_map is '%s'", text);
    if (count != 1) escaped("%u ids are mapped", count);
    if (outside == 0) escaped("the user is root outside");
    held("%u is %u outside, and nobody else is mapped", inside, outside);
}
