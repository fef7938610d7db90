#!/bin/sh
# Tries: to find a file of /proc or /sys, outside of its own processes, that opens for writing.
# Source: found in bubblewrap run by root: /proc/sys/kernel/core_pattern opened; CVE-2022-0492; proc(5)
# Layers: user_namespace, private_proc
# Control: plain
. "$(dirname "$0")/escape.sh"
# Everybody may open pressure files, to be told of pressure. What hides the keys is /dev/null. The last number of its own
# pid namespace is tried below.
list=$(find /proc /sys -maxdepth 4 -path '/proc/[0-9]*' -prune -o -path /proc/self -prune -o -path /proc/thread-self -prune \
    -o -path /proc/pressure -prune -o -path /proc/keys -o -name ns_last_pid -o -type f -writable -print 2>/dev/null | head -n 5)
[ -z "$list" ] || escaped "these can be written:" $list
[ -r /proc/version ] || inconclusive "/proc is not there"
# access(2) can lie for a proc file: the ones that matter are opened.
for file in sys/kernel/core_pattern sys/kernel/modprobe sys/kernel/hostname sys/vm/drop_caches \
    sys/vm/overcommit_memory sys/fs/binfmt_misc/register sys/kernel/randomize_va_space sys/net/ipv4/ip_forward \
    sys/user/max_user_namespaces sys/kernel/shmmax sys/fs/mqueue/queues_max sysrq-trigger irq/default_smp_affinity \
    bus/pci/devices timer_list acpi/wakeup kcore; do
    [ -e "/proc/$file" ] || continue
    if dd if=/dev/null of="/proc/$file" conv=notrunc,nocreat 2>/dev/null; then escaped "/proc/$file opened for writing"; fi
done
if (echo 4000 >/proc/sys/kernel/ns_last_pid) 2>/dev/null; then escaped "the next process number can be set"; fi
held "no file of /proc opens for writing"
