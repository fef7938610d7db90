#!/bin/sh
# Tries: to see where it stands in the host's cgroups, and to reach their files.
# Source: cgroup_namespaces(7); CVE-2022-0492 (release_agent)
# Layers: cgroup_namespace, minimal_root
# Control: plain
. "$(dirname "$0")/escape.sh"
[ -r /proc/self/cgroup ] || inconclusive "/proc/self/cgroup is not there"
[ ! -e /sys/fs/cgroup ] || escaped "/sys/fs/cgroup is there"
seen=$(cut -d: -f3- /proc/self/cgroup | grep -v '^/$' | head -n 1)
# Without a cgroup of one's own there is nothing to be told but the caller's place, and the certificate says so.
[ -z "$seen" ] || escaped "the sandbox sees itself at $seen"
held "the sandbox sees itself at the root of all hierarchies"
