#include "ostler_launch.h"

int main(int argc, char **argv) {
    return ostler_launch_main(argc, argv);
}
