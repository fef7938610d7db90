"""A small host: speaks the launcher's contract (ostler_launch.h) for the driver's checks."""
import array, errno, os, resource, select, signal, socket, struct, subprocess, time

(PLAN, SPAWN, TASK, SIGNAL, TASK_END, PLAN_DROP) = range(1, 7)
(LAUNCH, LAUNCH_SIGNAL) = (16, 17)
(READY, PLAN_READY, FAILED, EXITED, REAPED, GONE) = range(32, 38)
(LAUNCHED, LAUNCH_FAILED, LAUNCH_EXITED) = range(48, 51)
TAIL_FD, TASK_FLAG = 1, 2
LAYERS = ("user_ns pid_ns mount_ns net_ns ipc_ns uts_ns cgroup_ns root proc dev tmp init caps no_new_privs seccomp "
          "rlimits fds env pdeath memory pids landlock programs").split()
STAGES = ("none request template slot clone cgroup mount net uts user caps rlimit seccomp no_new_privs pdeath fds "
          "cwd program exec landlock").split()
RO, NOEXEC, RECURSIVE, OPTIONAL, IDMAP = 1, 2, 4, 8, 16
HEADER = struct.Struct("=HHIQ")
WORK = "/work"  # of every sandbox


def bits(*names):
    return sum(1 << LAYERS.index(name) for name in names)


def layer_names(mask):
    return [name for i, name in enumerate(LAYERS) if mask >> i & 1]


def s(text):
    return (text if isinstance(text, bytes) else text.encode()) + b"\0"


def step(kind, body=b"", mode=0):
    return struct.pack("=HHI", kind, mode, len(body)) + body + b"\0" * (-len(body) % 8)


def require(required, best=0): return step(1, struct.pack("=II", required, best))
def directory(path, mode=0o755): return step(10, s(path), mode)
def bind(source, target, flags): return step(11, struct.pack("=II", flags, 0) + s(source) + s(target))
def symlink(content, path): return step(12, s(content) + s(path))
def file(path, content, mode=0o644): return step(13, s(path) + content, mode)
def devices(): return step(14)
def proc(path="/proc"): return step(20, s(path))
def tmpfs(path, size=64 << 20, inodes=10000, mode=0o1777, flags=0):
    return step(21, struct.pack("=QQII", size, inodes, mode, flags) + s(path))
def cwd(path): return step(22, s(path))
def env(text): return step(23, s(text))
def hostname(name): return step(24, s(name))
def rlimit(what, value): return step(25, struct.pack("=IIQ", what, 0, value))
def limits(memory, processes): return step(26, struct.pack("=QQ", memory, processes))
def seccomp(profile=1): return step(27, struct.pack("=II", profile, 0))
def programs(allow=(), block=(), has_allow=None):
    has_allow = bool(allow) if has_allow is None else has_allow
    ids = b"".join(struct.pack("=QQ", os.stat(p).st_dev, os.stat(p).st_ino) for p in (*allow, *block))
    return step(28, struct.pack("=IIII", len(allow), len(block), has_allow, 0) + ids)


STRICT = bits(*[name for name in LAYERS if name not in ("cgroup_ns", "memory", "pids", "landlock", "programs")])
BEST = bits("cgroup_ns", "memory", "pids", "landlock")


def view():
    return b"".join([
        bind("/usr", "/usr", RO | RECURSIVE),
        *[symlink("usr/" + name, "/" + name) for name in ("bin", "sbin", "lib", "lib64")],
        file("/etc/passwd", b"root:x:0:0::/:/bin/sh\nostler:x:1000:1000::/tmp:/bin/sh\n"),
        file("/etc/group", b"root:x:0:\nostler:x:1000:\n"),
        file("/etc/hosts", b"127.0.0.1 localhost\n"),
        file("/etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files\n"),
        bind("/etc/alternatives", "/etc/alternatives", RO | RECURSIVE | OPTIONAL),
        bind("/etc/ld.so.cache", "/etc/ld.so.cache", RO | OPTIONAL),
        devices(), proc(), tmpfs("/tmp"), tmpfs(WORK, mode=0o755),
    ])


def settings(memory=1 << 30, processes=256):
    return b"".join([
        cwd(WORK), env("PATH=/usr/local/bin:/usr/bin:/bin"), env("HOME=/tmp"), env("LANG=C.UTF-8"),
        hostname("ostler"),
        *[rlimit(what, value) for what, value in (
            (resource.RLIMIT_NOFILE, 256), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 1 << 30),
            (resource.RLIMIT_MEMLOCK, 64 << 10), (resource.RLIMIT_MSGQUEUE, 0), (resource.RLIMIT_RTPRIO, 0),
            (resource.RLIMIT_STACK, 8 << 20))],
        limits(memory, processes), seccomp(),
    ])


def strict(*more, memory=1 << 30, processes=256, required=STRICT, best=BEST):
    return require(required, best) + view() + settings(memory, processes) + b"".join(more)


class Event:
    def __init__(self, data, fds):
        self.op, self.flags, size, self.id = HEADER.unpack_from(data)
        body, self.fds = data[HEADER.size:], fds
        if self.op in (FAILED, LAUNCH_FAILED):
            stage, self.err, layer, self.sandbox = struct.unpack_from("=iiiI", body)
            self.stage, self.layer = STAGES[stage], LAYERS[layer] if layer >= 0 else None
            self.detail = body[16:].decode(errors="replace")  # a path is any bytes
        elif self.op in (EXITED, LAUNCH_EXITED):
            (self.sandbox, self.status, self.layers, self.oom_kills, self.pids_denied, _, self.user_us,
             self.system_us, self.wall_us, self.peak) = struct.unpack_from("=IiIIIIQQQQ", body)
        elif self.op == READY:
            (self.version, self.uid_range, self.memory_mode, self.pids_mode, self.landlock,
             self.seccomp) = struct.unpack_from("=6I", body)
        elif self.op == PLAN_READY:
            self.layers, = struct.unpack_from("=I", body)
        elif self.op == GONE:
            self.sandboxes, self.killed = struct.unpack_from("=II", body)

    def __repr__(self):
        return str({k: v for k, v in vars(self).items()})


def receive(sock, timeout=10):
    if not select.select([sock], [], [], timeout)[0]:
        raise TimeoutError("no packet")
    data, control, _, _ = sock.recvmsg(70000, 1024)
    fds = array.array("i")
    for level, kind, value in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(value[:len(value) - len(value) % 4])
    return Event(data, list(fds)) if data else None


def packet(op, number, body=b"", tail=b"", fds=(), flags=0):
    fds = list(fds)
    if len(tail) > 65536:
        memory = os.memfd_create("tail")
        os.write(memory, tail)
        fds.insert(0, memory)
        return HEADER.pack(op, flags | TAIL_FD, len(tail), number) + body, fds, memory
    return HEADER.pack(op, flags, len(tail), number) + body + tail, fds, None


def send(sock, *args, **kwargs):
    data, fds, memory = packet(*args, **kwargs)
    control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sock.sendmsg([data], control)
    if memory is not None:
        os.close(memory)


def strings(argv, environment, directory):
    tail = b"".join(s(x) for x in argv) + b"".join(s(x) for x in environment)
    return tail + (s(directory) if directory else b"")


class Launcher:
    def __init__(self, program, first=200000, count=500, run="test", wrapper=(), cgroup=None):
        self.sock, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = far.fileno()

        def prepare():
            os.dup2(number, 3)
            os.set_inheritable(3, True)
        self.process = subprocess.Popen([*wrapper, program, run, str(first), str(count)], close_fds=False,
                                        preexec_fn=prepare)
        far.close()
        self.ready = receive(self.sock)
        self.number, self.pending = 0, []

    def next(self, timeout=10):
        return self.pending.pop(0) if self.pending else receive(self.sock, timeout)

    def plan(self, number, tail):
        send(self.sock, PLAN, number, tail=tail)
        return self.next(15)

    def wait(self, *ops, number=None, timeout=20):
        """The next event of one of `ops` (and of that number); others are kept."""
        end = time.monotonic() + timeout
        kept = []
        try:
            while True:
                event = self.next(max(0.01, end - time.monotonic()))
                if event is None:
                    raise EOFError
                if event.op in ops and number in (None, event.id):
                    return event
                kept.append(event)
        finally:
            self.pending[:0] = kept

    def spawn(self, plan, argv, environment=(), directory=None, stdin=None, stdout=None, stderr=None, channel=0):
        self.number += 1
        null = os.open("/dev/null", os.O_RDWR)
        fds = [null if fd is None else fd for fd in (stdin, stdout, stderr)]
        body = struct.pack("=IIIBBxx", plan, len(argv), len(environment), bool(directory), channel)
        send(self.sock, SPAWN, self.number, body, strings(argv, environment, directory), fds)
        os.close(null)
        return self.number

    def run(self, plan, argv, environment=(), directory=None, timeout=20, **kwargs):
        """(FAILED or EXITED, output)"""
        read, write = os.pipe()
        number = self.spawn(plan, argv, environment, directory, stdout=write, stderr=write, **kwargs)
        os.close(write)
        output = b""
        while chunk := os.read(read, 65536):
            output += chunk
        os.close(read)
        event = self.wait(EXITED, FAILED, number=number, timeout=timeout)
        if event.op == EXITED:
            self.wait(REAPED, number=number, timeout=timeout)
        return event, output.decode(errors="replace")

    def signal(self, number, which, task=0):
        send(self.sock, SIGNAL, number, struct.pack("=iI", which, task))

    def task(self, number, spawn, plan, max_live=4, stdin=None):
        send(self.sock, TASK, number, struct.pack("=QII", spawn, plan, max_live), fds=[stdin] if stdin else [])

    def end_task(self, number):
        send(self.sock, TASK_END, number)

    def close(self):
        self.sock.close()
        return self.process.wait(10)
