// Tries: to read, add or ask for keys of the caller.
// Source: keyrings(7), keyctl(2); CVE-2016-0728; Docker's default profile
// Layers: seccomp
// Control: plain
#include <linux/keyctl.h>

#include "escape.h"

int main(void) {
    static const int rings[] = {KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING, KEY_SPEC_USER_SESSION_KEYRING,
                                KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_THREAD_KEYRING};
    for (size_t i = 0; i < sizeof rings / sizeof *rings; i++) {
        TRY("keyctl", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, rings[i], 0, 0, 0), EPERM);
        TRY("add_key", syscall(SYS_add_key, "user", "ostler-escape", "x", 1, rings[i]), EPERM);
    }
    TRY("request_key", syscall(SYS_request_key, "user", "ostler-escape", NULL, 0), EPERM);
    TRY("join", syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL), EPERM);
    all_held();
}
