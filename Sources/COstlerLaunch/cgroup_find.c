// Where the launcher's own cgroup of a controller lies in the file system.
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launcher.h"

enum { TEXT_MAX = 256 * 1024 };

static bool list_holds(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == 0)) return true;
    }
    return false;
}

/// "4:memory:/path" for version 1, "0::/path" for version 2.
static bool own_path(char *text, const char *controller, bool v2, char *path) {
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *list = strchr(line, ':');
        char *found = list ? strchr(list + 1, ':') : NULL;
        if (!found || strlen(found) >= PATH_MAX) continue;
        *found = 0;
        if (v2 ? list[1] != 0 : !list_holds(list + 1, controller)) continue;
        strcpy(path, found + 1);
        return true;
    }
    return false;
}

/// "32 31 0:29 ROOT PLACE options … - cgroup source rw,memory"
static bool mount_of(char *text, const char *controller, bool v2, char *root, char *place) {
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *tail = strstr(line, " - ");
        char type[32], options[1024];
        if (!tail || sscanf(tail, " - %31s %*s %1023s", type, options) != 2) continue;
        if (strcmp(type, v2 ? "cgroup2" : "cgroup") != 0 || (!v2 && !list_holds(options, controller))) continue;
        if (sscanf(line, "%*s %*s %*s %4095s %4095s", root, place) == 2) return true;
    }
    return false;
}

int cgroup_own_directory(const char *controller, bool v2, char *directory, size_t size) {
    char path[PATH_MAX], root[PATH_MAX], place[PATH_MAX];
    char *text = malloc(TEXT_MAX);
    if (!text) return -1;
    bool found = read_file("/proc/self/cgroup", text, TEXT_MAX) > 0 && own_path(text, controller, v2, path) &&
                 read_file("/proc/self/mountinfo", text, TEXT_MAX) > 0 && mount_of(text, controller, v2, root, place);
    free(text);
    // A container may see only a part of the hierarchy.
    size_t above = found && strcmp(root, "/") != 0 ? strlen(root) : 0;
    if (found && strncmp(path, root, above) != 0) found = false;
    if (found && snprintf(directory, size, "%s%s", place, strcmp(path + above, "/") ? path + above : "") >= (int)size) {
        found = false;
    }
    if (!found) errno = ENOENT;
    return found ? 0 : -1;
}
