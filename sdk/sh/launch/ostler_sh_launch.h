// The launch channel for plugins in bash, which can neither receive descriptors nor share one socket among subshells.
//
//   ostler-sh-launch serve SOCKET     keeps descriptor 3 for all tasks of a plugin, and hands each launch on
//   ostler-sh-launch run SOCKET …     one launch, as if the command had been started here
//
// Both speak the packets of the channel with each other, over connections of the same kind: one for each launch.
#ifndef OSTLER_SH_LAUNCH_H
#define OSTLER_SH_LAUNCH_H

#include <sys/un.h>

enum { CHANNEL = 3 };

// The address of a socket; false, and told, if the path is too long for one.
int socket_address(const char *path, struct sockaddr_un *address);

// Serves until the channel ends, or the plugin. Returns an exit code.
int serve(const char *path);

// Runs one command. Returns what the shell is to take for its exit code.
//
// `words`: TASK STDIN FAILURE [-C DIR] [KEY=VALUE…] -- COMMAND [ARGUMENT…]. STDIN is `task` where the submitter's stream is
// still to be had. FAILURE is a file for the stage, errno and detail of a command that was not started.
int run(const char *path, char **words);

#endif
