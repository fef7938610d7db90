#!/bin/sh
# Tries: to leave a granted writable directory by links that are made inside.
# Source: CVE-2017-1002101 (Kubernetes subPath), CVE-2018-15664 (docker cp)
# Layers: minimal_root
# Control: none (outside, links lead where they say)
. "$(dirname "$0")/escape.sh"
cd "$(bait granted)" || inconclusive "there is no granted directory"
secret=$(bait secret)
ln -sfn "$secret" made-absolute && ln -sfn / made-root && ln -sfn "../../../../../..$secret" made-relative ||
    inconclusive "links cannot be made"
for path in made-absolute made-relative "made-root$secret"; do
    ! cat "$path" >/dev/null 2>&1 || escaped "$path was read"
done
if ln "$secret" made-hard 2>/dev/null; then escaped "a hard link to the secret"; fi
held "links lead into the view"
