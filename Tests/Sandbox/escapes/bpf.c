// Tries: to load programs into the kernel.
// Source: bpf(2); CVE-2020-8835, CVE-2021-3490, CVE-2022-23222
// Layers: seccomp
// Control: plain
#include <linux/bpf.h>

#include "escape.h"

int main(void) {
    union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1};
    union bpf_attr query = {.start_id = 0};
    TRY("map", syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map), EPERM);
    TRY("programs", syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &query, sizeof query), EPERM);
    all_held();
}
