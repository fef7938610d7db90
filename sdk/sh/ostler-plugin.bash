# shellcheck shell=bash
# Executor plugins for Ostler in bash, on jq. Source it, say which function executes what, and run:
#
#     . "$(dirname "$0")/../lib/ostler-plugin.bash"
#
#     hello() {
#         echo "hello $(payload -r .name)"
#     }
#
#     executor hello hello
#     run_plugin hello 0.1.0
#
# A function that returns 0 has succeeded; any other code is the task's exit code. What it writes to stdout and stderr is
# the task's output, byte for byte. In it: payload, fail, progress, log_line, launch. Sourcing this takes stdin and stdout away:
# messages have descriptors of their own, so a stray echo or read does no harm. The contract is the executor protocol,
# version 0.

command -v jq >/dev/null || { echo "ostler-plugin.bash: jq is not there" >&2; exit 69; }

# _is_deaf: whether this process was started with SIGTERM blocked or ignored.
_is_deaf() {
    local key mask
    while read -r key mask; do
        case $key in
            SigBlk: | SigIgn:) (((0x$mask & 1 << 14) == 0)) || return 0 ;;
        esac
    done <"/proc/$BASHPID/status"
    return 1
}

# All that a task starts would inherit it, and could not be cancelled. bash cannot change that of itself; env can, which
# takes its place for a moment. Nothing has been read yet.
if _is_deaf && [ -z "${_ostler_plugin_heard-}" ]; then
    _ostler_plugin_heard=1 exec env --default-signal=TERM "$BASH" "$0" "$@"
fi
unset _ostler_plugin_heard

# The program that keeps the launch channel, descriptor 3, for all tasks; empty without one.
_launcher=
_server=
_library=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# 8: what the host says; 9: what is said to it. Nothing that a task starts inherits them.
exec 8<&0 9>&1 0</dev/null 1>&2
_state=$(mktemp -d "${TMPDIR:-/tmp}/ostler-plugin.XXXXXX") || exit 73
_main=$BASHPID
declare -A _functions=() _tasks=()
_names=()
_count=0

# executor NAME FUNCTION: tasks for NAME are executed by FUNCTION, in a subshell.
executor() {
    _names+=("$1")
    _functions[\"$1\"]=$2
}

# payload [JQ OPTION…] FILTER: asks the task's payload, which has passed the schema of the manifest.
payload() {
    jq "${@:1:$#-1}" ".params.payload | ${!#}" "$_task/request"
}

# fail CODE MESSAGE [POINTER]: ends the task as failed; a code that ends in _denied makes it denied.
fail() {
    jq -cn --arg code "$1" --arg message "$2" --arg pointer "${3:-}" '
        {code: $code, fault: "task", retry: "never", side_effects: "none", message: $message}
        + if $pointer == "" then {} else {pointer: $pointer} end' >"$_task/error"
    exit 1
}

# progress VALUE [TOTAL] [UNIT]: how far the task has come.
progress() {
    jq -cn --argjson task "$_id" --argjson value "$1" --argjson total "${2:-null}" --arg unit "${3:-}" '
        {jsonrpc: "2.0", method: "progress",
         params: ({task: $task, value: $value}
            + if $total == null then {} else {total: $total} end + if $unit == "" then {} else {unit: $unit} end)}' |
        _send_line
}

# log_line LEVEL MESSAGE: a line for the operator; debug, info, warning or error.
log_line() {
    jq -cn --argjson task "$_id" --arg level "$1" --arg message "$2" \
        '{jsonrpc: "2.0", method: "log", params: {task: $task, level: $level, message: $message}}' | _send_line
}

# launch [-C DIR] [KEY=VALUE…] [--] COMMAND [ARGUMENT…]: has the launcher start a command in a sandbox of its own, next to
# this plugin's, with the task's variables, and waits for it. Its input, output and exit code are those of `launch`, which
# can stand in a pipe; its input is the submitter's stream where nothing else is given. A command that is not started
# answers 126 or 127, and a task that fails then tells why. If a task launches one command, it must end as that did.
launch() {
    local number='' stream='' from=null failure=$_task/launch-$BASHPID code=0
    local -a place=() given=() variables=()
    if [ "${1-}" = -C ]; then place=(-C "$2") && shift 2; fi
    while [[ ${1-} == [A-Za-z_]*=* ]]; do given+=("$1") && shift; done
    if [ "${1-}" = -- ]; then shift; fi
    eval "$(jq -r '.params | "number=\(.launch // "" | @sh) stream=\(.stdin // false | @sh)
        variables=(\([.env // {} | to_entries[] | "\(.key)=\(.value)"] | @sh))"' "$_task/request")"
    if [ -z "$number" ] || [ -z "$_launcher" ]; then
        fail launch_not_granted "this plugin cannot launch commands: it was not granted to, or lib/ostler-sh-launch is missing"
    fi
    # The stream can be had once.
    if [ "$stream" = true ] && [ /dev/stdin -ef /dev/null ] && mkdir "$_task/stream" 2>/dev/null; then from=task; fi
    "$_launcher" run "$_state/launch" "$number" "$from" "$failure" "${place[@]}" "${variables[@]}" "${given[@]}" -- "$@" ||
        code=$?
    if [ -s "$failure" ]; then _tell_failure "$1" <"$failure" >"$_task/error" && rm "$failure"; fi
    return "$code"
}

# Why a command was not started, as the protocol has it.
_tell_failure() {
    local stage number detail reason code=launch_failed fault=sandbox
    read -r stage number detail
    read -r reason
    case $stage,$number in
        1,*) fault=executor ;;
        17,1) code=command_denied fault=user ;;
        17,2) code=command_not_found fault=user ;;
        17,*) code=command_not_executable fault=user ;;
        16,*) code=working_dir_not_usable fault=user ;;
    esac
    if [ "$detail" = - ]; then detail="stage $stage"; fi
    jq -cn --arg code "$code" --arg fault "$fault" --arg message "$1 was not started: $detail: $reason" \
        '{code: $code, fault: $fault, retry: "never", side_effects: "none", message: $message}'
}

# Bash cannot receive descriptors, and tasks in subshells cannot share a socket: a program does it for all of them.
_keep_channel() {
    local ready
    if [ ! -S "/proc/$BASHPID/fd/3" ] || [ ! -x "$_library/ostler-sh-launch" ]; then return 0; fi
    exec {ready}< <(exec "$_library/ostler-sh-launch" serve "$_state/launch" 8<&- 9>&-)
    _server=$!
    if read -r -u "$ready"; then _launcher=$_library/ostler-sh-launch; fi
    exec {ready}<&- 3<&-
}

# _locked COMMAND…: with the lock of those who speak to the host, and descriptor 9 to do it.
_locked() {
    local code=0
    {
        flock 7
        "$@" || code=$?
    } 7>"$_state/lock" 9>"/proc/$_main/fd/9"
    return "$code"
}

# _say TEXT: one message, whole.
_say() {
    _locked _write "$1"
}

_write() {
    printf '%s\n' "$1" >&9
}

_send_line() {
    local line
    IFS= read -r line && _say "$line"
}

# _answer ID MEMBERS: MEMBERS is `"result":…` or `"error":…`.
_answer() {
    _say "{\"jsonrpc\":\"2.0\",\"id\":$1,$2}"
}

# _pump STREAM: takes what can be read, piece by piece, so that output is handed on as it comes.
_pump() {
    local piece
    while piece=$(dd bs=48K count=1 status=none | base64 --wrap=0) && [ -n "$piece" ]; do
        _locked _write_piece "$1" "$piece"
    done
}

_write_piece() {
    local sequence
    sequence=$(<"$_task/sequence")
    echo $((sequence + 1)) >"$_task/sequence"
    _write '{"jsonrpc":"2.0","method":"output","params":{"task":'"$_id"',"stream":"'"$1"'","seq":'"$sequence"',"base64":"'"$2"'"}}'
}

# Runs in the background. The function gets a process group of its own, for a cancel to end all of it.
_supervise() {
    local request=$1 function=$2 code=0 job
    # Both ends of both pipes are opened here: a function that is ended early must not leave a reader waiting for it.
    exec 8<>"$_task/stdout" 9<>"$_task/stderr"
    exec 3<"$_task/stdout" 4<"$_task/stderr"
    exec 5>"$_task/stdout" 6>"$_task/stderr" 8<&- 9<&-
    _pump stdout <&3 3<&- 4<&- 5>&- 6>&- &
    _pump stderr <&4 3<&- 4<&- 5>&- 6>&- &
    set -m
    ("$function") >&5 2>&6 3<&- 4<&- 5>&- 6>&- &
    job=$!
    set +m
    exec 3<&- 4<&- 5>&- 6>&-
    _locked _tell_group "$job"
    wait "$job" 2>/dev/null || code=$?
    wait
    _locked _settle "$request" "$code"
}

# Whoever comes second, this or the cancel, ends the group.
_tell_group() {
    echo "$1" >"$_task/group"
    [ ! -e "$_task/cancelled" ] || kill -TERM -- "-$1" 2>/dev/null || true
}

# From here on nothing is sent about the task.
_settle() {
    local members="\"task\":$_id" code=$2
    if [ "$code" -eq 0 ]; then
        members+=',"outcome":"succeeded","exit_code":0'
    elif [ -e "$_task/cancelled" ] && [ ! -e "$_task/error" ]; then
        members+=',"outcome":"cancelled","exit_code":-1'
    elif [ "$code" -gt 128 ]; then
        members+=",\"outcome\":\"failed\",\"exit_code\":-1,\"signal\":$((code - 128))"
    else
        members+=",\"outcome\":\"failed\",\"exit_code\":$code"
        if [ -e "$_task/error" ]; then members+=",\"error\":$(<"$_task/error")"; fi
    fi
    rm -r "$_task"
    _write "{\"jsonrpc\":\"2.0\",\"id\":$1,\"result\":{$members}}"
}

_execute() {
    local request=$1 function=${_functions[$3]:-}
    if [ -z "$function" ]; then
        _answer "$request" '"error":{"code":-32602,"message":"there is no such executor"}'
        return
    fi
    _id=$2
    _count=$((_count + 1))
    _task=$_state/$_count
    mkdir "$_task"
    mkfifo "$_task/stdout" "$_task/stderr"
    printf '%s\n' "$4" >"$_task/request"
    echo 0 >"$_task/sequence"
    _tasks[$_id]=$_task
    _supervise "$request" "$function" &
}

_cancel() {
    _locked _mark "$1" "${_tasks[$2]:-$_state/none}"
}

# A task that was answered has no directory any more.
_mark() {
    local state=unknown
    if [ -d "$2" ]; then state=cancelling; fi
    _write "{\"jsonrpc\":\"2.0\",\"id\":$1,\"result\":{\"state\":\"$state\"}}"
    _end_task "$2"
}

_end_task() {
    if [ ! -d "$1" ]; then return; fi
    : >"$1/cancelled"
    [ ! -e "$1/group" ] || kill -TERM -- "-$(<"$1/group")" 2>/dev/null || true
}

_initialize() {
    local versions
    versions=$(jq -r '.params.protocol | "\(.min // 0) \(.max // 0)"' <<<"$2")
    if [ "${versions% *}" -gt 0 ]; then
        _answer "$1" "\"error\":{\"code\":-32000,\"message\":\"this plugin speaks protocol 0, the host ${versions% *} to ${versions#* }\"}"
        return
    fi
    _answer "$1" "\"result\":$(jq -cn --arg name "$_name" --arg version "$_version" --args \
        '{protocol: 0, name: $name, version: $version, executors: $ARGS.positional}' "${_names[@]}")"
}

# Of each message its id, method, task and executor as JSON, a line each, and the message itself.
_requests() {
    exec jq --unbuffered -Rr '
        . as $line | fromjson | objects
        | (.id | tojson), (.method | tojson), (.params.task? | tojson), (.params.executor? | tojson), $line' <&8 9>&-
}

# run_plugin NAME VERSION: serves the host until it says shutdown or is gone. Health is always "healthy".
run_plugin() {
    local id method task name line
    _name=$1 _version=$2
    trap '[ "$BASHPID" != "$_main" ] || _leave' EXIT
    _keep_channel
    exec 6< <(_requests)
    _reader=$!
    while IFS= read -r id && IFS= read -r method && IFS= read -r task && IFS= read -r name && IFS= read -r line; do
        if [ "$id" = null ]; then continue; fi
        case $method in
            '"execute"') _execute "$id" "$task" "$name" "$line" ;;
            '"cancel"') _cancel "$id" "$task" ;;
            '"health"') _answer "$id" '"result":{"status":"healthy"}' ;;
            '"initialize"') _initialize "$id" "$line" ;;
            '"shutdown"')
                _answer "$id" '"result":{}'
                exit 0
                ;;
            *) _answer "$id" '"error":{"code":-32601,"message":"there is no such method"}' ;;
        esac
    done <&6
    exit 0
}

_leave() {
    local task
    # It holds nothing, and must not keep the process from ending.
    kill -KILL "$_reader" 2>/dev/null || true
    for task in "${_tasks[@]}"; do _locked _end_task "$task"; done
    # What it has launched ends with it.
    [ -z "$_server" ] || kill -KILL "$_server" 2>/dev/null || true
    wait
    rm -rf "$_state"
}
