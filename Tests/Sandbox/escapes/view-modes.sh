#!/bin/sh
# Tries: to change modes and owners where the view is to be read only.
# Source: chmod(2), chown(2): rights that no rule on files covers
# Layers: minimal_root, user_namespace
# Control: none (it would change the host)
. "$(dirname "$0")/escape.sh"
for file in / /usr /etc /etc/passwd /etc/group /etc/hosts /etc/ld.so.cache /usr/bin/env "$here/bait.txt"; do
    if chmod 777 "$file" 2>/dev/null; then escaped "the mode of $file can be changed"; fi
    if chgrp 0 "$file" 2>/dev/null; then escaped "the group of $file can be changed"; fi
done
held "modes and owners are as they were"
