#!/bin/sh
# Tries: to find processes of the host in /proc.
# Source: proc(5); pid_namespaces(7)
# Layers: private_proc, pid_namespace
# Control: plain
. "$(dirname "$0")/escape.sh"
target=$(bait pid)
token=$(bait token)
for file in cmdline status environ maps; do
    [ ! -e "/proc/$target/$file" ] || ! grep -qa "$token\|bait" "/proc/$target/$file" 2>/dev/null ||
        escaped "/proc/$target/$file is the host's"
done
count=0
for directory in /proc/[0-9]*; do [ -d "$directory" ] && count=$((count + 1)); done
[ "$count" -gt 0 ] || inconclusive "/proc shows no process at all"
[ "$count" -le 8 ] || escaped "$count processes are to be seen"
held "$count processes are to be seen, all of this sandbox"
