// Something to reach for. It holds one token in each place that an attempt may try to read.
//
//   bait host DIRECTORY TOKEN    outside of all sandboxes; says where everything is, ends with its input
//   bait hostile SECRET COMMAND… starts a command with descriptors, keys, signals, a terminal and a umask that it should
//                                not pass on
//   bait plant DIRECTORY         makes what only root can of files that lie there
//   bait neighbour DONE          in a sandbox beside the attempts, at fixed places; ends when the file DONE is there,
//                                and says INTACT if nothing has reached it
#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/xattr.h>

#include "escape.h"

enum { TOKEN_MAX = 64, NEIGHBOUR_PORT = 4711, NEIGHBOUR_KEY = 0x0571e4, POLL_MS = 20 };

static char token[TOKEN_MAX];
static int listeners[2]; // a unix socket in the abstract namespace; TCP on loopback

static int listen_abstract(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    memcpy(address.sun_path + 1, name, length);
    int end = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
    return end >= 0 && bind(end, (void *)&address, size) == 0 && listen(end, 8) == 0 ? end : -1;
}

static int listen_tcp(uint16_t *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    int end = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (end < 0 || bind(end, (void *)&address, size) < 0 || listen(end, 8) < 0) return -1;
    getsockname(end, (void *)&address, &size);
    *port = ntohs(address.sin_port);
    return end;
}

static int share_memory(key_t key) {
    int id = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0666);
    char *memory = id < 0 ? (void *)-1 : shmat(id, NULL, 0);
    if (memory == (void *)-1) return -1;
    strcpy(memory, token);
    return id;
}

static int write_token(const char *path, mode_t mode) {
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, mode);
    if (file < 0 || fchmod(file, mode) < 0 || write(file, token, strlen(token)) < 0) return -1;
    return file;
}

/// What was not cleaned up by a bait that was killed keeps its key until the machine starts anew, and process ids are
/// used again: then another key does as well.
static int share_memory_anywhere(key_t *key) {
    int shared = -1;
    for (int attempt = 0; attempt < 64; attempt++) {
        *key = 0x6f000000 | (getpid() + attempt * 32768);
        shared = share_memory(*key);
        if (shared >= 0 || errno != EEXIST) break;
    }
    return shared;
}

/// Says on the stream that is being read what there is no bait without.
static int lack(const char *what) {
    printf("lack=%s: %s\n\n", what, strerror(errno));
    return 1;
}

/// Shares what can be shared; whoever may not share says so.
static int host(const char *directory, const char *secret_token) {
    // Whoever ends the tests ends this by its input: nobody else would clean up.
    for (size_t i = 0; i < 3; i++) signal((int[]){SIGINT, SIGTERM, SIGHUP}[i], SIG_IGN);
    char path[PATH_MAX], name[32], posix[64], queue[64];
    uint16_t port = 0;
    struct utsname machine;
    snprintf(token, sizeof token, "%s", secret_token);
    prctl(PR_SET_DUMPABLE, 1);
    snprintf(path, sizeof path, "%s/secret", directory);
    int secret = write_token(path, 0666);
    if (secret < 0) return lack(path);
    snprintf(name, sizeof name, "ostler-bait-%d", getpid());
    snprintf(posix, sizeof posix, "/dev/shm/%s", name);
    snprintf(queue, sizeof queue, "/%s", name);
    if ((listeners[0] = listen_abstract(name)) < 0) return lack("abstract socket");
    if ((listeners[1] = listen_tcp(&port)) < 0) return lack("TCP socket");
    key_t key;
    int shared = share_memory_anywhere(&key);
    if (shared < 0) return lack("shared memory");
    struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = TOKEN_MAX};
    mode_t mask = umask(0);
    mqd_t messages = mq_open(queue, O_RDWR | O_CREAT | O_NONBLOCK, 0666, &attributes);
    umask(mask);
    if (messages != (mqd_t)-1) mq_send(messages, token, strlen(token), 0);
    if (write_token(posix, 0666) < 0) return lack(posix);
    uname(&machine);
    printf("pid=%d\ntoken=%s\nsecret=%s\nabstract=%s\nport=%d\n", getpid(), token, path, name, port);
    printf("shm_key=%d\nshm_id=%d\nposix_shm=%s\nqueue=%s\n", key, shared, posix, queue);
    printf("address=%p\nfd=%d\nhost=%s\n\n", (void *)token, secret, machine.nodename);
    fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0) {}
    shmctl(shared, IPC_RMID, NULL);
    unlink(posix);
    mq_unlink(queue);
    return 0;
}

static volatile sig_atomic_t signalled;

static void on_signal(int number) {
    signalled = number;
}

/// A neighbour that uses up what is counted for each user would be felt here.
static bool can_fork(void) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    return child > 0 && waitpid(child, NULL, 0) == child;
}

static int neighbour(const char *done) {
    uint16_t port = NEIGHBOUR_PORT;
    strcpy(token, "neighbour");
    for (int number = 1; number < 32; number++) signal(number, on_signal);
    signal(SIGCHLD, SIG_DFL);
    listeners[0] = listen_abstract("ostler-neighbour");
    listeners[1] = listen_tcp(&port);
    // Landlock lets nobody serve by TCP; poll passes over what is no descriptor.
    bool can_serve = listeners[1] >= 0 || errno == EACCES;
    int shared = share_memory(NEIGHBOUR_KEY);
    if (listeners[0] < 0 || !can_serve || shared < 0) inconclusive("bait: %s", strerror(errno));
    if (write_token("/tmp/ostler-neighbour", 0666) < 0 || write_token("/dev/shm/ostler-neighbour", 0666) < 0) {
        inconclusive("bait: %s", strerror(errno));
    }
    char *memory = shmat(shared, NULL, 0);
    struct pollfd wait[2] = {{.fd = listeners[0], .events = POLLIN}, {.fd = listeners[1], .events = POLLIN}};
    while (access(done, F_OK) < 0) {
        if (poll(wait, 2, POLL_MS) > 0) escaped("somebody connected to the neighbour");
        if (signalled) escaped("somebody sent signal %d to the neighbour", signalled);
        if (strcmp(memory, token)) escaped("somebody wrote into the neighbour's memory");
        if (!can_fork()) escaped("the neighbour cannot fork: %s", strerror(errno));
    }
    held("INTACT");
}

/// What somebody else may have left in a directory that is then granted. Answers an errno.
static int plant(const char *directory) {
    // Effective, revision 2; all capabilities permitted, none inheritable.
    const struct vfs_cap_data all = {VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE, {{~0u, 0}, {~0u, 0}}};
    if (chdir(directory) < 0 || chmod("planted-setuid", 06755) < 0) return errno;
    if (setxattr("planted-capabilities", "security.capability", &all, XATTR_CAPS_SZ_2, 0) < 0) return errno;
    // What /dev/null is.
    if (mknod("planted-device", S_IFCHR | 0666, makedev(1, 3)) < 0 || chmod("planted-device", 0666) < 0) return errno;
    return 0;
}

/// What an unlucky or careless caller looks like.
static int hostile(const char *secret, char **command) {
    static const int ignored[] = {SIGPIPE, SIGUSR2, 32, 33};
    const unsigned long ignore[4] = {(unsigned long)SIG_IGN}; // the kernel's own structure: libc refuses 32 and 33
    const uint64_t blocked = 1ULL << (SIGUSR1 - 1) | 1ULL << (33 - 1) | 1ULL << (SIGTERM - 1);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
        if (syscall(SYS_rt_sigaction, ignored[i], ignore, NULL, 8) < 0) return 3;
    }
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, 8) < 0) return 3;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (setsid() < 0 || terminal < 0 || unlockpt(terminal) < 0 || open(ptsname(terminal), O_RDWR) < 0) return 3;
    int directory = open("/", O_PATH | O_DIRECTORY);
    if (directory < 0 || dup2(directory, 20) != 20 || dup2(open(secret, O_RDWR), 21) != 21) return 3;
    setenv("OSTLER_BAIT", "a secret of the caller's", 1);
    umask(0);
    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    syscall(SYS_add_key, "user", "ostler-bait-session", "x", 1, KEY_SPEC_SESSION_KEYRING);
    syscall(SYS_add_key, "user", "ostler-bait-user", "x", 1, KEY_SPEC_USER_KEYRING);
    execv(command[0], command);
    return 3;
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "plant")) return plant(argv[2]);
    if (argc > 3 && !strcmp(argv[1], "hostile")) return hostile(argv[2], argv + 3);
    if (argc == 4 && !strcmp(argv[1], "host")) return host(argv[2], argv[3]);
    if (argc == 3 && !strcmp(argv[1], "neighbour")) return neighbour(argv[2]);
    return 2;
}
