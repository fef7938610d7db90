#include "ostler_launch.h"

static const char *const stages[] = {
    [OSTLER_STAGE_NONE] = "none",       [OSTLER_STAGE_REQUEST] = "request", [OSTLER_STAGE_TEMPLATE] = "template",
    [OSTLER_STAGE_SLOT] = "slot",       [OSTLER_STAGE_CLONE] = "clone",     [OSTLER_STAGE_CGROUP] = "cgroup",
    [OSTLER_STAGE_MOUNT] = "mount",     [OSTLER_STAGE_NET] = "net",         [OSTLER_STAGE_UTS] = "uts",
    [OSTLER_STAGE_USER] = "user",       [OSTLER_STAGE_CAPS] = "caps",       [OSTLER_STAGE_RLIMIT] = "rlimit",
    [OSTLER_STAGE_SECCOMP] = "seccomp", [OSTLER_STAGE_NO_NEW_PRIVS] = "no_new_privs",
    [OSTLER_STAGE_PDEATH] = "pdeath",   [OSTLER_STAGE_FDS] = "fds",         [OSTLER_STAGE_CWD] = "cwd",
    [OSTLER_STAGE_PROGRAM] = "program", [OSTLER_STAGE_EXEC] = "exec",
    [OSTLER_STAGE_LANDLOCK] = "landlock",   [OSTLER_STAGE_DIRECTORY] = "directory",
};

static const char *const layers[OSTLER_LAYER_COUNT] = {
    [OSTLER_LAYER_USER_NS] = "user_ns",     [OSTLER_LAYER_PID_NS] = "pid_ns",
    [OSTLER_LAYER_MOUNT_NS] = "mount_ns",   [OSTLER_LAYER_NET_NS] = "net_ns",
    [OSTLER_LAYER_IPC_NS] = "ipc_ns",       [OSTLER_LAYER_UTS_NS] = "uts_ns",
    [OSTLER_LAYER_CGROUP_NS] = "cgroup_ns", [OSTLER_LAYER_ROOT] = "root",
    [OSTLER_LAYER_PROC] = "proc",           [OSTLER_LAYER_DEV] = "dev",
    [OSTLER_LAYER_TMP] = "tmp",             [OSTLER_LAYER_INIT] = "init",
    [OSTLER_LAYER_CAPS] = "caps",           [OSTLER_LAYER_NO_NEW_PRIVS] = "no_new_privs",
    [OSTLER_LAYER_SECCOMP] = "seccomp",     [OSTLER_LAYER_RLIMITS] = "rlimits",
    [OSTLER_LAYER_FDS] = "fds",             [OSTLER_LAYER_ENV] = "env",
    [OSTLER_LAYER_PDEATH] = "pdeath",       [OSTLER_LAYER_MEMORY] = "memory",
    [OSTLER_LAYER_PIDS] = "pids",           [OSTLER_LAYER_LANDLOCK] = "landlock",
    [OSTLER_LAYER_PROGRAMS] = "programs",
};

const char *ostler_stage_name(int stage) {
    int count = (int)(sizeof stages / sizeof stages[0]);
    return stage >= 0 && stage < count ? stages[stage] : "unknown";
}

const char *ostler_layer_name(int layer) {
    return layer >= 0 && layer < OSTLER_LAYER_COUNT ? layers[layer] : "unknown";
}
