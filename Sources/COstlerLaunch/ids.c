// The ids that sandboxes of root run as: out of a range that all launchers of a machine share. Two of one id could signal
// each other, and the end of a sandbox without namespaces ends all that bears its id. So an id is one launcher's alone: it
// holds the lock of one byte of a file, which the kernel takes back when the launcher is gone, however it ended.
#include "ids.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"

// Launchers of one machine agree on the first that there is.
static const char *const places[] = {"/run/ostler-ids", "/dev/shm/ostler-ids", "/tmp/ostler-ids"};

static int locks = -1;

/// What others may open they may lock.
static bool is_own(int file) {
    struct stat status;
    return fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() && !(status.st_mode & 077);
}

bool ids_start(void) {
    for (unsigned i = 0; i < sizeof places / sizeof places[0] && locks < 0; i++) {
        int file = open(places[i], O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        if (file >= 0 && is_own(file)) locks = file;
        else if (file >= 0) close(file);
    }
    return locks >= 0;
}

/// A lock does not keep out its own holder.
static bool is_taken(uint32_t id) {
    for (uint32_t i = 0; i < launcher.slot_count; i++) {
        if (launcher.slots[i].id == id) return true;
    }
    return false;
}

bool ids_claim(uint32_t *id) {
    if (*id) return true;
    for (uint32_t candidate = launcher.first_uid; candidate - launcher.first_uid < launcher.uid_count; candidate++) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = candidate, .l_len = 1};
        if (is_taken(candidate)) continue;
        if (fcntl(locks, F_OFD_SETLK, &lock) == 0) {
            *id = candidate;
            return true;
        }
        if (errno != EAGAIN && errno != EACCES) return false;
    }
    errno = EUSERS;
    return false;
}
