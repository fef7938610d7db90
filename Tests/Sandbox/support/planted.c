// A harmless program that is planted set-user-id and with file capabilities. It says what it has become.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    char line[512];
    FILE *status = fopen("/proc/self/status", "re");
    printf("euid=%d egid=%d uid=%d", geteuid(), getegid(), getuid());
    while (status && fgets(line, sizeof line, status)) {
        if (strncmp(line, "Cap", 3) && strncmp(line, "Seccomp:", 8) && strncmp(line, "NoNewPrivs:", 11)) continue;
        line[strcspn(line, "\n")] = 0;
        line[strcspn(line, ":")] = '=';
        char *value = strchr(line, '\t');
        if (value) printf(" %.*s%s", (int)(value - line), line, value + 1);
    }
    putchar('\n');
    return 0;
}
