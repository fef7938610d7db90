# shellcheck shell=bash
# Helpers of the scripts in this directory. Sourced, not run: it only defines functions and $root.

# shellcheck disable=SC2034  # the scripts use it
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What is going on, for a person.
say() { printf '%s\n' "==> $*" >&2; }

warn() { printf '%s\n' "$(basename "$0"): $*" >&2; }

die() {
    warn "$@"
    exit 1
}

# A mistake of the caller.
usage_error() {
    warn "$* (--help says more)"
    exit 3
}

# Prints the comment at the top of a script, which is its help.
print_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"; }

# need THING:PACKAGE… installs the Debian packages of the things that are missing. A thing is a program, or a path with
# wildcards. It asks for root's rights only when something is missing, and without them says what to install.
need() {
    local pair thing packages=()
    for pair in "$@"; do
        thing=${pair%%:*}
        is_there "$thing" || packages+=("${pair#*:}")
    done
    [ ${#packages[@]} -gt 0 ] || return 0
    install_packages "${packages[@]}"
    for pair in "$@"; do
        thing=${pair%%:*}
        is_there "$thing" || die "$thing is still missing after installing ${pair#*:}"
    done
}

is_there() {
    case $1 in
        */*) compgen -G "$1" >/dev/null ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

install_packages() {
    local as_root=()
    command -v apt-get >/dev/null || die "missing here, by the names of Debian's packages: $*; please install them"
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            die "missing: $*. Install them with: sudo apt-get install $*"
        fi
        as_root=(sudo -n)
    fi
    say "installing from Debian: $*"
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "$@" >&2; then
        "${as_root[@]}" apt-get update -q >&2
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2
    fi
}

# Swift, and what it and the static launcher are linked with.
need_build_tools() {
    command -v swift >/dev/null || die "swift is not in PATH; install Swift 6.3 from https://www.swift.org/install/linux"
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p')
    case $version in
        6.[3-9] | 6.[1-9][0-9] | [7-9].*) ;;
        *) die "Swift 6.3 or newer is needed; this is ${version:-of no known version}" ;;
    esac
    need git:git \
        "/usr/lib/*/libc.a:libc6-dev" \
        "/usr/lib/*/libnettle.a:nettle-dev" \
        "/usr/lib/*/libffi_pic.a:libffi-dev" \
        "/usr/lib/gcc/*/*/libgcc.a:gcc" \
        "/usr/lib/gcc/*/*/libstdc++.so:libstdc++-12-dev" \
        "/usr/lib/*/libyaml.a:libyaml-dev" \
        "/usr/lib/*/libsodium.a:libsodium-dev" \
        "/usr/lib/*/libz.a:zlib1g-dev" \
        "/usr/lib/*/libsqlite3.a:libsqlite3-dev" \
        /usr/include/linux/types.h:linux-libc-dev
}

# The sandbox shows /usr of this machine: a Python elsewhere is of no use to a plugin.
need_python() { need /usr/bin/python3:python3; }
