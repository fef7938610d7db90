#!/bin/sh
# Tries: to leave a granted directory by symbolic links that were planted in it.
# Source: CVE-2019-14271, CVE-2021-30465 (links in mounted directories); path_resolution(7)
# Layers: minimal_root
# Control: plain
. "$(dirname "$0")/escape.sh"
[ -L "$here/planted-absolute" ] && [ -L "$here/planted-relative" ] || inconclusive "the links are not there"
for link in planted-absolute planted-relative planted-proc planted-root; do
    ! cat "$here/$link" >/dev/null 2>&1 || escaped "$link leads to $(readlink "$here/$link")"
done
held "links of the host lead to nothing of the host"
