#!/bin/sh
# Tries: to list keys of the caller.
# Source: proc(5) on /proc/keys; found readable in every peer
# Layers: user_namespace
# Control: plain
. "$(dirname "$0")/escape.sh"
[ -e /proc/self/status ] || inconclusive "/proc is not there"
[ -e /proc/keys ] || held "/proc/keys is not there"
keys=$(cat /proc/keys 2>/dev/null)
[ -z "$keys" ] || escaped "keys can be listed: $(printf '%s' "$keys" | head -n 1)"
users=$(cat /proc/key-users 2>/dev/null)
case $users in
    '' | ' '*1000:*) held "no key is listed" ;;
    *) escaped "users of keys can be listed: $users" ;;
esac
