// System calls that Swift cannot import from Glibc: variadic functions, macros, and what hides behind _GNU_SOURCE.
// Each returns what the call returns, or -errno on failure.
#ifndef OSTLER_SHIMS_H
#define OSTLER_SHIMS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ostler_event {
    uint32_t events;
    uint64_t data;
};

#define OSTLER_EPOLLIN 0x001u
#define OSTLER_EPOLLOUT 0x004u
#define OSTLER_EPOLLERR 0x008u
#define OSTLER_EPOLLHUP 0x010u
#define OSTLER_EPOLLRDHUP 0x2000u

int ostler_epoll_create(void);
/// op: 1 add, 2 delete, 3 change.
int ostler_epoll_ctl(int epoll, int op, int fd, uint32_t events, uint64_t data);
int ostler_epoll_wait(int epoll, struct ostler_event *events, int capacity, int timeout_ms);

int ostler_eventfd(void);
int ostler_pipe(int ends[2]);
int ostler_seqpacket_pair(int ends[2]);
int ostler_memfd(const char *name, const void *bytes, size_t count);
int ostler_set_nonblocking(int fd, int on);
int ostler_set_cloexec(int fd, int on);
int ostler_set_pipe_size(int fd, int bytes);
int ostler_pidfd_open(pid_t pid);
/// Sends SIGKILL to the process of a pidfd.
int ostler_pidfd_kill(int pidfd);
int ostler_tmpfile(const char *directory);

/// Blocks the signals below 32 whose bit is in `signals`, and returns a descriptor that tells of them.
int ostler_signalfd(uint64_t signals);
/// The number of the next signal, 0 if there is none.
int ostler_signalfd_read(int fd);
void ostler_ignore_sigpipe(void);

/// One packet with up to 8 descriptors. `parts` are two buffers, sent one behind the other.
ssize_t ostler_send(int fd, const void *first, size_t first_count, const void *second, size_t second_count,
                    const int *fds, int fd_count);
/// Receives one packet; *fd_count is the room in `fds` and then how many came. All are close-on-exec.
/// A packet or a set of descriptors that does not fit gives -EMSGSIZE, with the descriptors closed.
ssize_t ostler_recv(int fd, void *buffer, size_t capacity, int *fds, int *fd_count);

/// Starts a program with `control` as its descriptor 3, an empty signal mask and default dispositions; stdin and
/// stdout are /dev/null, stderr is kept, everything else is closed.
int ostler_spawn_with_control(const char *path, char *const argv[], int control, pid_t *pid);

/// Starts a program, looked up by PATH, in a process group of its own, with stdin from /dev/null, the two descriptors as
/// stdout and stderr, everything else closed, and the caller's environment.
int ostler_spawn_filter(char *const argv[], int out, int err, pid_t *pid);

/// Opens a pseudo-terminal: the master does not block. Modes and size are those of the terminal `like`, if it is one.
int ostler_pty_open(int like, int *master, int *slave);
/// Starts a process that gives `terminal` the modes that it has now back if the other end of the pipe `word` is closed
/// without a byte, as when this process was killed. It ends with the pipe.
int ostler_terminal_guard(int terminal, int word, pid_t *pid);

int64_t ostler_now_ns(void);
int ostler_wait_status(pid_t pid, int *status, int no_hang);
int ostler_terminal_columns(int fd);

/// How many bytes of a pipe its reader has not taken yet, asked at either end; 0 if that cannot be told.
int ostler_unread_bytes(int fd);

/// O_PATH, which hides behind _GNU_SOURCE.
#define OSTLER_O_PATH 0x200000
/// Opens a path, close-on-exec, as if the directory `root` were the root: no link and no `..` leads out of it.
int ostler_open_in_root(int root, const char *path, int flags);
/// Makes a file in an open directory, for its owner alone.
int ostler_create_file(int directory, const char *name, int flags);

/// Makes a file without a name for reading and writing, close-on-exec; -errno if it cannot.
int ostler_nameless_file(const char *directory);

#endif
