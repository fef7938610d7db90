// Tries: to open files of the host by a guessed handle.
// Source: open_by_handle_at(2); CVE-2014-3519, Sebastian Krahmer's "shocker" against Docker
// Layers: seccomp, capabilities
// Control: disposable
#include "escape.h"

int main(void) {
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } made = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
    int mount_id, root = open("/usr", O_RDONLY | O_DIRECTORY);
    if (root < 0) inconclusive("/usr: %s", strerror(errno));
    TRY("name_to_handle_at", name_to_handle_at(AT_FDCWD, "/usr", &made.handle, &mount_id, 0), EPERM);
    // The root directory of ext4 and xfs file systems.
    made.handle = (struct file_handle){.handle_bytes = 8, .handle_type = 1};
    memcpy(made.handle.f_handle, (const char[8]){2}, 8);
    TRY("open_by_handle_at", open_by_handle_at(root, &made.handle, O_RDONLY), EPERM);
    all_held();
}
