// Tries: to find text of the launcher on the stack beside arguments and environment.
// Source: getauxval(3); proc(5) on /proc/PID/auxv
// Layers: environment
// Control: none (outside, the program is started by the tester)
#include <sys/auxv.h>

#include "escape.h"

int main(int argc, char **argv) {
    const char *name = (const char *)getauxval(AT_EXECFN);
    if (!name) inconclusive("there is no AT_EXECFN");
    if (strstr(name, "ostler-launch")) escaped("started as %s", name);
    if (getauxval(AT_SECURE)) escaped("the program runs with rights that the caller does not have");
    char text[4096];
    if (!read_text("/proc/self/cmdline", text, sizeof text)) inconclusive("cmdline: %s", strerror(errno));
    if (strstr(text, "ostler-launch")) escaped("the command line is the launcher's");
    held("started as %s with %d argument%s", name, argc, argc == 1 ? "" : "s");
}
