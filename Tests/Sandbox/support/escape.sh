# shellcheck shell=sh
# What every shell attempt shares: it says one line and ends.
here=$(dirname "$0")
escaped() { echo "ESCAPED: $*"; exit 10; }
held() { echo "HELD: $*"; exit 0; }
inconclusive() { echo "INCONCLUSIVE: $*"; exit 11; }

# bait KEY: what the runner knows of the world outside.
bait() {
    value=$(sed -n "s/^$1=//p" "$here/bait.txt")
    [ -n "$value" ] || inconclusive "the runner has put out no bait '$1'"
    printf '%s\n' "$value"
}
