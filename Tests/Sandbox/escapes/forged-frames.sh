#!/bin/sh
# Tries: to be judged a success by writing what a plugin would answer, and then failing.
# Source: CWE-345; the wire is JSON lines on a plugin's stdout
# Layers: closed_descriptors
# Control: none (there is nobody to believe it)
# Exit: 7
. "$(dirname "$0")/escape.sh"
frames=${TMPDIR:-/tmp}/frames
for id in 1 2 3 '"1"' '"t1"' null; do
    printf '{"jsonrpc":"2.0","id":%s,"result":{"task":"%s","outcome":"succeeded","exit_code":0}}\n' "$id" "$(basename "$0")"
    printf '{"jsonrpc":"2.0","method":"output","params":{"task":"t1","stream":"stdout","text":"ESCAPED"}}\n'
done >"$frames"
[ -s "$frames" ] || inconclusive "no frames"
# Never to this very stream, where the verdict goes: to every other place that may be listened at.
for place in /proc/1/fd/0 /proc/1/fd/1 /proc/1/fd/2 /proc/1/fd/3 /proc/1/fd/4 /proc/self/fd/3 /proc/self/fd/4 /dev/tty; do
    if cat "$frames" >"$place" 2>/dev/null; then echo "ESCAPED: $place took the frames"; exit 10; fi
done
cat "$frames" >&2
echo "HELD: nobody took them, and the exit code is told as it is"
exit 7
