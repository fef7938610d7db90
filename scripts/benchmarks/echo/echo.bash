#!/bin/bash
# shellcheck disable=SC2317 # the function is called by name
# shellcheck source=sdk/sh/ostler-plugin.bash
. "$(dirname "$0")/../lib/ostler-plugin.bash"

echo_text() {
    payload -j .text
}

executor echo echo_text
run_plugin echo 0.1.0
