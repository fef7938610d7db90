#!/bin/sh
# Tries: to read memory, environment and descriptors of the sandbox's process 1, which is a copy of the launcher.
# Source: found in bubblewrap: /proc/1/mem opened; proc(5), PR_SET_DUMPABLE in prctl(2)
# Layers: init, user_namespace
# Control: none (process 1 of the host is the tester's own for root)
. "$(dirname "$0")/escape.sh"
refused=
for file in mem environ maps auxv stack syscall io pagemap smaps clear_refs personality; do
    if head -c 1 "/proc/1/$file" >/dev/null 2>&1; then
        [ "$(head -c 64 "/proc/1/$file" 2>/dev/null | tr -d '\0' | wc -c)" -eq 0 ] || escaped "/proc/1/$file can be read"
    fi
    refused="$refused $file"
done
for file in fd fdinfo map_files; do
    ! ls "/proc/1/$file" >/dev/null 2>&1 || escaped "/proc/1/$file can be listed"
    refused="$refused $file"
done
for file in exe cwd root ns/mnt ns/net ns/user; do
    ! readlink "/proc/1/$file" >/dev/null 2>&1 || escaped "/proc/1/$file leads to $(readlink "/proc/1/$file")"
    refused="$refused $file"
done
held "refused:$refused"
