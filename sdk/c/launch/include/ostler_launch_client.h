// The plugin's end of the launch channel: descriptor 3 of a plugin that was granted `launch` (section 8 of the protocol).
//
// One function for each packet, none of which keeps anything: whoever calls them chooses the numbers of launches, and
// gives each event to the launch that its number names. Safe to call from several threads, on Linux alone.
#ifndef OSTLER_LAUNCH_CLIENT_H
#define OSTLER_LAUNCH_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Where a command's standard input comes from.
enum ostler_client_stdin {
    OSTLER_CLIENT_STDIN_NULL = 0, // /dev/null
    OSTLER_CLIENT_STDIN_PIPE = 1, // a pipe; the event LAUNCHED brings its write end
    OSTLER_CLIENT_STDIN_TASK = 2, // the submitter's stream, once for each task that has one
};

// What to start. All strings are ended by NUL.
struct ostler_client_request {
    uint64_t task;           // the number that `execute` gave as `launch`
    const char *const *argv; // program and arguments, ended by NULL; at least the program
    const char *const *envp; // KEY=VALUE, ended by NULL; NULL for none. They are laid over the plan's
    const char *directory;   // where it starts, as the sandbox sees it; NULL for the plan's
    enum ostler_client_stdin stdin_from;
};

enum ostler_client_kind {
    OSTLER_CLIENT_LAUNCHED, // the sandbox is being made; one of the next two follows
    OSTLER_CLIENT_FAILED,   // nothing was executed
    OSTLER_CLIENT_EXITED,   // the command has ended
};

struct ostler_client_event {
    enum ostler_client_kind kind;
    uint64_t number; // of the launch
    // LAUNCHED: what the receiver now owns and must close; in_fd is -1 unless a pipe was asked for.
    int out_fd, err_fd, in_fd;
    // FAILED: the stage as the protocol numbers it, an errno, the layer that could not be had or -1, and a word about it.
    int32_t stage, err, layer;
    char detail[512];
    // EXITED: `status` is as waitpid gives it.
    int32_t status;
    uint32_t oom_kills;
    uint64_t user_us, system_us, wall_us, peak_bytes;
};

// Whether the descriptor is a launch channel. The plugin of a manifest without `needs.launch` has none.
int ostler_client_is_channel(int fd);

// Asks the launcher to start a command; `number` must be unique among the open launches of this plugin.
// Returns 0, or -errno: EPIPE where the launcher is gone, E2BIG for more than 2^32 bytes or words.
int ostler_client_launch(int channel, uint64_t number, const struct ostler_client_request *request);

// Sends a signal to all processes of a launch. Returns 0 or -errno.
int ostler_client_signal(int channel, uint64_t number, int signal);

// Takes the next event; `wait` 0 returns -EAGAIN where there is none now. Returns 1 for an event, 0 where the channel has
// ended, or -errno. Packets of a kind that is not known are passed over.
int ostler_client_receive(int channel, struct ostler_client_event *event, int wait);

#ifdef __cplusplus
}
#endif

#endif
