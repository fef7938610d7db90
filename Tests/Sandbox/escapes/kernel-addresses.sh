#!/bin/sh
# Tries: to learn addresses of the kernel, which an exploit needs.
# Source: proc(5) on kallsyms, kptr_restrict; CVE-2017-5754's first step
# Layers: capabilities, user_namespace
# Control: none (the tester is root)
. "$(dirname "$0")/escape.sh"
for file in /proc/kallsyms /proc/modules; do
    [ -r "$file" ] || continue
    found=$(grep -E '(^|0x)[0-9a-f]*[1-9a-f][0-9a-f]{8,}' "$file" 2>/dev/null | head -n 1)
    [ -z "$found" ] || escaped "$file tells $found"
done
for file in /proc/kcore /proc/iomem /proc/1/stack /proc/self/stack; do
    [ -r "$file" ] || continue
    found=$(head -c 4096 "$file" 2>/dev/null | grep -aE '0x[0-9a-f]*[1-9a-f][0-9a-f]{8,}|^ *[0-9a-f]*[1-9][0-9a-f]* ?-' | head -n 1)
    [ -z "$found" ] || escaped "$file tells $found"
done
held "no address is told"
