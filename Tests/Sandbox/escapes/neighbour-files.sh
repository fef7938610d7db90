#!/bin/sh
# Tries: to find what another sandbox has written into its temporary places, now or before in the same slot.
# Source: tmpfs(5), mount_namespaces(7)
# Layers: bounded_tmp, mount_namespace, ipc_namespace
# Control: none (outside, temporary places are shared)
. "$(dirname "$0")/escape.sh"
granted=$(bait granted)
for directory in /tmp /work /dev/shm /var/tmp; do
    [ -d "$directory" ] || inconclusive "$directory is not there"
    directory=$(readlink -f "$directory")
    # A directory that was granted below a temporary place is no trace.
    left=$(for entry in "$directory"/* "$directory"/.[!.]*; do
        [ -e "$entry" ] || continue
        case $granted/ in "$entry"/*) ;; *) echo "$entry" ;; esac
    done)
    [ -z "$left" ] || escaped "$directory holds $left"
done
for table in shm msg sem; do
    [ "$(wc -l <"/proc/sysvipc/$table")" -le 1 ] || escaped "/proc/sysvipc/$table is not empty"
done
[ "$(wc -l </proc/net/unix)" -le 1 ] || escaped "there are sockets of somebody"
held "all places are empty"
