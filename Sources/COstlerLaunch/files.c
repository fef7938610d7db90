#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "launcher.h"

ssize_t read_file(const char *path, char *buffer, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    size_t used = 0;
    ssize_t got = 0;
    while (used < size - 1 && (got = read(fd, buffer + used, size - 1 - used)) > 0) used += (size_t)got;
    int saved = errno;
    close(fd);
    buffer[used] = 0;
    errno = saved;
    return got < 0 ? -1 : (ssize_t)used;
}

bool write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t size = (ssize_t)strlen(text);
    bool good = write(fd, text, (size_t)size) == size;
    int saved = errno;
    close(fd);
    errno = saved;
    return good;
}

char *put_text(char *at, const char *text) {
    while (*text) *at++ = *text++;
    return at;
}

char *put_number(char *at, uint64_t value, unsigned base) {
    char digits[24];
    unsigned count = 0;
    do digits[count++] = (char)('0' + value % base);
    while (value /= base);
    while (count) *at++ = digits[--count];
    return at;
}
