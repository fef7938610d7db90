#include "ostler_launch.h"
int ostler_launch_main(int argc, char **argv) { return 1; }
