#!/bin/sh
# Tries: to find the caller's umask, or one that leaves files open to others.
# Source: umask(2)
# Layers: environment
# Control: none (outside, the umask is the tester's)
. "$(dirname "$0")/escape.sh"
mask=$(umask)
case $mask in
    0022 | 022) held "umask $mask" ;;
    *) escaped "umask $mask" ;;
esac
