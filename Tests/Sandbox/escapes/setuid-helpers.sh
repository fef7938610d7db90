#!/bin/sh
# Tries: to gain rights by the set-user-id programs of the system itself.
# Source: newuidmap(1), su(1), mount(8); CVE-2021-4034 (pkexec)
# Layers: no_new_privs, minimal_root, user_namespace
# Control: none (the tester is root)
. "$(dirname "$0")/escape.sh"
list=$(find /usr/bin /usr/sbin /usr/lib -xdev -type f -perm /6000 2>/dev/null | head -n 30)
tried=0
for program in $list; do
    tried=$((tried + 1))
    # Whatever it does with this argument, it must not do it as somebody else.
    "$program" --help >/dev/null 2>&1 </dev/null &
    who=$(sed -n 's/^Uid:[[:space:]]*//p' "/proc/$!/status" 2>/dev/null)
    wait "$!"
    case $who in '' | 1000*1000*1000*1000) ;; *) escaped "$program ran as $who" ;; esac
done
if command -v newuidmap >/dev/null && newuidmap "$$" 0 0 1 2>/dev/null; then escaped "newuidmap wrote a map"; fi
held "$tried programs gained nothing"
