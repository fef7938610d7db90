#!/bin/sh
# Tries: to write where the view is to be read only.
# Source: CVE-2024-23653 and others where a mount was writable by mistake; mount(2) MS_RDONLY
# Layers: minimal_root, user_namespace, landlock
# Control: none (it would write to the host)
. "$(dirname "$0")/escape.sh"
for directory in / /usr /usr/bin /usr/local/bin /bin /lib /etc /etc/alternatives /dev /proc /proc/sys /run /var "$here"; do
    [ -d "$directory" ] || continue
    if (: >"$directory/ostler-escape") 2>/dev/null; then escaped "$directory can be written"; fi
    if mkdir "$directory/ostler-escape" 2>/dev/null; then escaped "$directory can be written"; fi
done
for file in /etc/passwd /etc/group /etc/hosts /etc/ld.so.cache /usr/bin/env "$here/bait.txt"; do
    if (: >>"$file") 2>/dev/null; then escaped "$file can be written"; fi
done
held "nothing but /tmp, /work and what was granted can be written"
