#!/usr/bin/env python3
"""Checks of ostler-launch through its socket, without the Swift host.

    driver.py LAUNCHER [--spawns N] [--only WORD]     as root and, from root, as an ordinary user
    driver.py --write-plan FILE                        the strict plan's bytes, for bench

Exit code 1 if a check fails. Bombs run inside the limits of their own plan and of this process (RLIMIT_NPROC).
"""
import glob, sys, tempfile
from launchlib import *

checks = []


def check(function):
    checks.append(function)
    return function


def expect(condition, *detail):
    if not condition:
        raise AssertionError(*detail)


def ok(event, code=0):
    expect(event.op == EXITED and event.status == code << 8, event)
    return event


def failed(event, stage, err):
    expect(event.op in (FAILED, LAUNCH_FAILED) and event.stage == stage and event.err == err, event)
    return event


def cgroups():
    return glob.glob("/sys/fs/cgroup/*/**/ostler-test-*", recursive=True)


def alive(marker):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if marker.encode() in open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0"):
                found.append(int(pid))
        except OSError:
            pass
    return found


def until(condition, what, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < end, what)
        time.sleep(0.01)


class Box:
    def __init__(self, program, user):
        self.program, self.user = program, user
        self.wrapper = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"] if user else []

    def start(self, plan=True):
        launcher = Launcher(self.program, wrapper=self.wrapper)
        expect(launcher.ready.op == READY, launcher.ready)
        if plan:
            expect(launcher.plan(1, strict()).op == PLAN_READY)
        return launcher


PROBE = r"""
import ctypes, errno, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
bad = []
def call(name, want, number, *args):
    ctypes.set_errno(0)
    got = libc.syscall(number, *args)
    err = ctypes.get_errno()
    if got >= 0 or errno.errorcode.get(err) not in want: bad.append((name, got, errno.errorcode.get(err)))
P = ("EPERM",)
N = ctypes.c_long
for name, number in dict(unshare=272, setns=308, mount=165, umount2=166, pivot_root=155, chroot=161, ptrace=101,
        open_tree=428, move_mount=429, fsopen=430, fsconfig=431, fsmount=432, fspick=433, mount_setattr=442,
        process_vm_readv=310, kcmp=312, pidfd_getfd=438, keyctl=250, add_key=248, request_key=249, bpf=321,
        perf_event_open=298, userfaultfd=323, kexec_load=246, init_module=175, finit_module=313, reboot=169,
        swapon=167, settimeofday=164, clock_settime=227, open_by_handle_at=304, name_to_handle_at=303, quotactl=179,
        acct=163, syslog=103, iopl=172, ioperm=173, modify_ldt=154, vhangup=153, sethostname=170, setdomainname=171,
        fanotify_init=300, move_pages=279, migrate_pages=256, adjtimex=159, clock_adjtime=305).items():
    call(name, P, number, 0, 0, 0, 0, 0)
for name, number in dict(io_uring_setup=425, clone3=435, open_tree_attr=467, x32=0x40000000 | 39).items():
    call(name, ("ENOSYS",), number, 0, 0, 0, 0)
call("clone newuser", P, 56, N(0x10000000 | 17), 0, 0, 0, 0)
call("clone newuser high", P, 56, N(1 << 32 | 0x10000000 | 17), 0, 0, 0, 0)
call("personality", P, 135, N(0x0200000))
call("TIOCSTI", P, 16, N(0), N(0x5412), 0)
call("TIOCSTI high", P, 16, N(0), N(1 << 32 | 0x5412), 0)
call("TIOCLINUX", P, 16, N(0), N(0x541C), 0)
call("mknod chr", P, 133, b"/tmp/n", N(0o020666), N(0x103))
call("mknod high", P, 133, b"/tmp/n", N(1 << 32 | 0o060666), N(0x103))
for family, kind, proto in ((40, 1, 0), (17, 3, 0), (38, 5, 0), (16, 3, 9), (16, 3, 16)):
    call(f"socket {family}", ("EAFNOSUPPORT",), 41, N(family), N(kind), N(proto))
call("raw socket", P, 41, N(2), N(3), N(1))
for family, kind in ((1, 1), (2, 1), (10, 2)): socket.socket(family, kind).close()
socket.socket(16, 3, 0).close()
if libc.syscall(135, N(0xffffffff)) != 0: bad.append("personality query")
os.mkfifo("/tmp/fifo"); os.mknod("/tmp/file")
for path in ("/", "/usr", "/etc", "/dev", "/proc", "/etc/passwd", "/proc/sys/kernel/core_pattern",
             "/proc/sysrq-trigger", "/proc/1/mem", "/proc/1/exe", "/dev/tty", "/root", "/home", "/etc/shadow", "/sys"):
    try:
        os.open(path if not os.path.isdir(path) else path + "/made", os.O_WRONLY | os.O_CREAT); bad.append(path)
    except OSError: pass
try: os.kill(1, 9); os.kill(1, 15); os.kill(1, 19)
except OSError as error: bad.append(error)
if sorted(p for p in os.listdir("/proc") if p.isdigit()) != ["1", str(os.getpid())]: bad.append("pids")
if os.getppid() != 1 or os.getsid(0) != os.getpid(): bad.append("ids")
s = socket.socket(2, 1)
for where in (("127.0.0.1", 22), ("1.1.1.1", 80)):
    try: s.connect(where); bad.append(where)
    except OSError as error:
        if error.errno != errno.ENETUNREACH: bad.append((where, error))
fields = dict(line.split(":\t") for line in open("/proc/self/status").read().splitlines())
for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "SigBlk"):
    if int(fields[key], 16): bad.append((key, fields[key]))
if (fields["NoNewPrivs"], fields["Seccomp"], fields["Groups"].strip()) not in (("1", "2", ""), ("1", "2", "1000")):
    bad.append(fields)
import threading; t = threading.Thread(target=lambda: None); t.start(); t.join()
import subprocess; subprocess.run(["true"], check=True)
print("bad", bad)
"""


@check
def holds_a_hostile_probe(box):
    l = box.start()
    event, output = l.run(1, ["python3", "-I", "-c", PROBE], environment=["PYTHONDONTWRITEBYTECODE=1"])
    ok(event)
    expect(output.endswith("bad []\n"), output)
    expect(set(layer_names(event.layers)) >= set(layer_names(STRICT)), layer_names(event.layers))
    l.close()


OLD_CALL = r"""
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(b"\xb8\x14\0\0\0\xcd\x80\xc3")  # mov eax, getpid of i386; int 0x80
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
"""


@check
def kills_calls_of_another_architecture(box):
    l = box.start()
    expect(l.run(1, ["python3", "-I", "-c", OLD_CALL])[0].status & 127 == signal.SIGSYS)
    l.close()


@check
def passes_exit_codes_and_signals_of_the_command(box):
    l = box.start()
    for code in (0, 1, 5, 127, 255):
        ok(l.run(1, ["sh", "-c", f"exit {code}"])[0], code)
    expect(l.run(1, ["sh", "-c", "kill -KILL $$"])[0].status & 127 == signal.SIGKILL)
    expect(l.run(1, ["sh", "-c", "kill -TERM $$"])[0].status & 127 == signal.SIGTERM)
    l.close()


@check
def forwards_signals_from_outside_only(box):
    l = box.start()
    for which in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        number = l.spawn(1, ["sleep", "100"])
        l.signal(number, which)
        expect(l.wait(EXITED).status & 127 == which)
        l.wait(REAPED)
    read, write = os.pipe()
    # Stopped, in a session of its own, and with a signal to process 1 from inside that must change nothing.
    script = "kill -TERM 1; setsid sh -c 'trap \"echo got; exit 0\" TERM; echo up; kill -STOP $$; while :; do :; done'"
    number = l.spawn(1, ["sh", "-c", "trap : TERM; " + script + "; exit 3"], stdout=write)
    os.close(write)
    expect(os.read(read, 10) == b"up\n")
    l.signal(number, signal.SIGTERM)
    expect(os.read(read, 10) == b"got\n")
    ok(l.wait(EXITED), 3)
    os.close(read)
    number = l.spawn(1, ["sleep", "100"])
    l.signal(number, signal.SIGKILL)
    expect(l.wait(EXITED).status == signal.SIGKILL)
    l.wait(REAPED, number=number)
    l.close()


@check
def kills_what_the_command_leaves_behind(box):
    l = box.start()
    marker = f"7{os.getpid()}.25"
    ok(l.run(1, ["sh", "-c", f"(setsid sleep {marker} >/dev/null 2>&1 &) ; sleep 0.05; exit 5"])[0], 5)
    expect(not alive(marker), alive(marker))
    # Zombies are reaped while the command runs.
    event, output = l.run(1, ["sh", "-c", "for i in 1 2 3; do (setsid sh -c 'sleep 0.01 &' &); done; sleep 0.3;"
                                          "grep -l '^State:.Z' /proc/[0-9]*/status"])
    expect(output == "", output)
    l.close()


@check
def names_what_failed(box):
    l = box.start()
    failed(l.run(1, ["no-such-program"])[0], "program", errno.ENOENT)
    failed(l.run(1, ["/no/such"])[0], "program", errno.ENOENT)
    failed(l.run(1, ["/etc/passwd"])[0], "program", errno.EACCES)
    failed(l.run(1, ["/usr"])[0], "program", errno.EACCES)
    failed(l.run(1, ["true"], environment=["PATH=/etc:/dev"])[0], "program", errno.ENOENT)
    failed(l.run(1, ["true"], directory="/nowhere")[0], "cwd", errno.ENOENT)
    failed(l.run(9, ["true"])[0], "request", errno.ENOENT)
    failed(l.run(1, [""])[0], "program", errno.ENOENT)
    l.plan(2, strict(file("/bad", b"#!/no/interpreter\n", 0o755), file("/noexec", b"text\n", 0o755)))
    failed(l.run(2, ["/bad"])[0], "exec", errno.ENOENT)
    failed(l.run(2, ["/noexec"])[0], "exec", errno.ENOEXEC)
    failed(l.plan(3, strict(bind("/no/such/source", "/x", RO))), "template", errno.ENOENT)
    expect(l.plan(4, strict(bind("/no/such/source", "/x", RO | OPTIONAL))).op == PLAN_READY)
    l.plan(5, strict(required=STRICT | bits("landlock")))
    expect(failed(l.run(5, ["true"])[0], "request", errno.ENOTSUP).layer == "landlock")
    send(l.sock, 99, 77)
    failed(l.wait(FAILED, number=77), "request", errno.ENOSYS)
    ok(l.run(1, ["true"])[0])
    l.close()


@check
def refuses_malformed_plans_and_packets(box):
    l = box.start()
    good = strict()
    bad = [b"", good[:20], good[:-3], step(2), view(), good + require(0, 0), good + step(77), good + bind("/usr", "u", 0),
           good + bind("/usr", "/a/../b", 0), good + bind("/usr", "/", 0), good + tmpfs("/t", size=0),
           good + step(11, b"\0" * 8 + b"/usr\0/usr"), good + rlimit(99, 1), good + env("novalue"), good + step(28, b"\1"),
           good + struct.pack("=HHI", 10, 0, 0xffffffff) + b"/x\0", good + hostname("x" * 65), good + seccomp(7)]
    bad += [good + directory("/tmp/x"), good + file("/tmp/x", b""), good + symlink("x", "/proc/x")]
    for i, tail in enumerate(bad):
        failed(l.plan(100 + i, tail), "request", errno.EINVAL)
    body = struct.pack("=IIIBBxx", 1, 2, 0, 0, 0)
    null = os.open("/dev/null", os.O_RDWR)
    for tail in (b"", b"true\0", b"true\0x", b"true\0x\0y\0"):
        send(l.sock, SPAWN, 500, body, tail, [null] * 3)
        failed(l.wait(FAILED, number=500), "request", errno.EBADMSG)
    send(l.sock, SPAWN, 501, body, b"true\0x\0", [null] * 2)
    failed(l.wait(FAILED, number=501), "request", errno.EBADMSG)
    l.sock.send(b"short")
    failed(l.wait(FAILED, number=0), "request", errno.EBADMSG)
    os.close(null)
    ok(l.run(1, ["true"])[0])
    l.close()


@check
def takes_large_arguments(box):
    l = box.start()
    event, output = l.run(1, ["sh", "-c", "echo $#; echo ${#BIG}", "x"] + ["a" * 100] * 5000, environment=["BIG=" + "b" * 90000])
    ok(event)
    expect(output == "5000\n90000\n", output)
    failed(l.run(1, ["true", "a" * 200000])[0], "exec", errno.E2BIG)
    l.close()


@check
def lays_environment_and_directory(box):
    l = box.start()
    event, output = l.run(1, ["env"], environment=["LANG=xx", "NEW=1"], directory="/tmp")
    expect(sorted(output.split()) == ["HOME=/tmp", "LANG=xx", "NEW=1", "PATH=/usr/local/bin:/usr/bin:/bin"], output)
    expect(l.run(1, ["pwd"], directory="/tmp")[1] == "/tmp\n")
    expect(l.run(1, ["pwd"])[1] == "/work\n")
    l.close()


@check
def passes_only_its_descriptors(box):
    leak = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(leak, True)
    l = box.start()
    os.close(leak)
    listing = ["python3", "-I", "-c", "import os; print(sorted(x for x in os.listdir('/proc/self/fd')))"]
    number = l.spawn(1, ["sleep", "100"])
    event, output = l.run(1, listing)
    expect(output == "['0', '1', '2', '3']\n", output)  # 3 is the listing itself
    event, output = l.run(1, listing, channel=1)
    expect(output == "['0', '1', '2', '3', '4']\n", output)
    # Init does not keep the command's streams: the pipe ends while the command lives.
    read, write = os.pipe()
    l.spawn(1, ["sh", "-c", "exec >/dev/null; sleep 100"], stdout=write)
    os.close(write)
    expect(os.read(read, 1) == b"")
    os.close(read)
    l.signal(number, signal.SIGKILL)
    l.close()


@check
def judges_programs_by_file(box):
    l = box.start()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.link("/usr/bin/id", "/usr/bin/ostler-id-link")
        os.symlink("/usr/bin/id", folder + "/soft")
        try:
            l.plan(2, strict(bind(folder, "/opt", RO), programs(block=["/usr/bin/id"])))
            for name in ("id", "/bin/id", "ostler-id-link", "/opt/soft"):
                failed(l.run(2, [name])[0], "program", errno.EPERM)
            ok(l.run(2, ["true"])[0])
            l.plan(3, strict(programs(allow=["/usr/bin/true"])))
            ok(l.run(3, ["true"])[0])
            failed(l.run(3, ["id"])[0], "program", errno.EPERM)
            l.plan(4, strict(programs(has_allow=True)))
            failed(l.run(4, ["true"])[0], "program", errno.EPERM)
        finally:
            os.unlink("/usr/bin/ostler-id-link")
    l.close()


@check
def mounts_binds_of_all_kinds(box):
    l = box.start()
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(folder + "/ro"), os.makedirs(folder + "/rw"), os.makedirs(folder + "/in")
        for name in ("ro/file", "in/file", "rw/.keep"):
            open(f"{folder}/{name}", "w").write(name)
        owner = 12345 if box.user else 0
        for root, _, names in os.walk(folder):
            for path in [root] + [os.path.join(root, name) for name in names]:
                os.chown(path, owner, owner)
        plan = strict(bind(folder + "/ro", "/data/ro", RO), bind(folder + "/rw", "/data/rw", IDMAP),
                      bind(folder + "/in/file", "/deep/in/file", RO), bind(folder + "/in/file", "/single", RO),
                      bind(folder + "/rw", "/noexec", RO | NOEXEC), file("/motd", b"hello\n"), directory("/made", 0o700))
        expect(l.plan(2, plan).op == PLAN_READY)
        event, output = l.run(2, ["sh", "-c", "cat /data/ro/file /deep/in/file /single /motd; echo x >/data/rw/new && "
                                  "ls -ln /data/rw/new | cut -d' ' -f3,4; echo no >/data/ro/file; echo no >/single;"
                                  "cp /bin/true /data/rw/prog; /data/rw/prog && echo ran; /noexec/prog || echo refused"])
        expect("ro/filein/filein/filehello\n1000 1000\n" in output and "ran\n" in output and "refused\n" in output, output)
        expect(output.count("Read-only file system") == 2, output)
        status = os.stat(folder + "/rw/new")
        expect((status.st_uid, status.st_gid) == (owner, owner), status)
        os.symlink("/etc", folder + "/rw/evil")
        plan = strict(bind(folder + "/rw", "/data", 0), bind(folder + "/in/file", "/data/evil/hosts", RO))
        expect(l.plan(3, plan).op == PLAN_READY)
        expect(l.run(3, ["cat", "/etc/hosts"])[1] == "in/file")
    l.close()


@check
def bounds_memory_and_processes(box):
    l = box.start()
    limited = l.ready.memory_mode != 0
    l.plan(2, strict(memory=64 << 20, processes=20))
    hog = "x = bytearray(200 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint('survived')"
    event, output = l.run(2, ["python3", "-I", "-c", hog])
    expect("survived" not in output and event.status, event, output)
    if limited:
        expect(event.oom_kills >= 1 and event.peak > 50 << 20, event)
        event, _ = l.run(2, ["dd", "if=/dev/zero", f"of={WORK}/big", "bs=1M", "count=60"])
        event, _ = l.run(2, ["true"])
        expect(event.oom_kills == 0 and event.peak < 16 << 20, event)
    event, output = l.run(2, ["dd", "if=/dev/zero", "of=/tmp/big", "bs=1M", "count=100"])
    expect(event.status, event)
    event, output = l.run(2, ["sh", "-c", "for i in $(seq 60); do sleep 0.5 & done; echo end"], timeout=30)
    expect("fork" in output, output)
    expect(event.pids_denied >= 1 if l.ready.pids_mode else True, event)
    number = l.spawn(2, ["python3", "-I", "-c", "import os\nwhile True:\n try: os.fork()\n except OSError: pass"])
    time.sleep(0.5)
    ok(l.run(1, ["sh", "-c", "true | true"])[0])
    start = time.monotonic()
    l.signal(number, signal.SIGKILL)
    l.wait(REAPED, number=number)
    expect(time.monotonic() - start < 2)
    l.close()


@check
def launches_for_a_plugin(box):
    l = box.start()
    plugin, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # how this check speaks for the plugin
    script = ("import os,socket,array\n"
              "a=socket.socket(fileno=3)\nb=socket.socket(fileno=0)\n"
              "import select\n"
              "while True:\n"
              " for s,t in ((a,b),(b,a)):\n"
              "  if select.select([s],[],[],0.001)[0]:\n"
              "   d,c,_,_=s.recvmsg(70000,1024)\n"
              "   if not d: os._exit(0)\n"
              "   t.sendmsg([d],c)\n"
              "   for x,y,z in c: [os.close(f) for f in array.array('i',z)]\n")
    number = l.spawn(1, ["python3", "-I", "-c", script], stdin=far.fileno(), channel=1)
    far.close()

    def ask(launch, task, argv, stdin_from=0, environment=()):
        body = struct.pack("=QIIBB6x", task, len(argv), len(environment), 0, stdin_from)
        send(plugin, LAUNCH, launch, body, strings(argv, environment, None))

    def output(fd):
        data = b""
        while chunk := os.read(fd, 65536):
            data += chunk
        os.close(fd)
        return data

    read, write = os.pipe()
    os.write(write, b"from host")
    os.close(write)
    l.task(70, number, 1, max_live=2, stdin=read)
    os.close(read)
    ask(1, 70, ["sh", "-c", "cat; echo err >&2; echo $K; exit 4"], 2, ["K=v"])
    event = receive(plugin)
    expect(event.op == LAUNCHED and event.id == 1 and len(event.fds) == 2, event)
    expect(output(event.fds[0]) == b"from hostv\n" and output(event.fds[1]) == b"err\n")
    expect((e := receive(plugin)).op == LAUNCH_EXITED and e.status == 4 << 8 and e.id == 1, e)
    expect((e := l.wait(EXITED)).id == 70 and e.flags == TASK_FLAG and e.status == 4 << 8, e)
    expect((e := l.wait(REAPED)).id == 70 and e.flags == TASK_FLAG, e)
    ask(2, 70, ["cat"], 1)
    event = receive(plugin)
    os.write(event.fds[2], b"piped")
    os.close(event.fds[2])
    expect(output(event.fds[0]) == b"piped")
    os.close(event.fds[1])
    expect(receive(plugin).op == LAUNCH_EXITED)
    ask(3, 70, ["no-such"])
    expect((e := receive(plugin)).op == LAUNCHED and e.id == 3), [os.close(fd) for fd in e.fds]
    failed(receive(plugin), "program", errno.ENOENT)
    expect((e := l.wait(FAILED)).id == 70 and e.flags == TASK_FLAG, e)
    ask(4, 71, ["true"])
    failed(receive(plugin), "request", errno.EPERM)
    for launch in (5, 6):
        ask(launch, 70, ["sleep", "100"])
        [os.close(fd) for fd in receive(plugin).fds]
    ask(7, 70, ["true"])
    failed(receive(plugin), "request", errno.EAGAIN)
    send(plugin, LAUNCH_SIGNAL, 5, struct.pack("=iI", signal.SIGTERM, 0))
    expect((e := receive(plugin)).id == 5 and e.status == signal.SIGTERM, e)
    while l.wait(EXITED).status != signal.SIGTERM:
        pass
    l.end_task(70)
    gone = l.wait(GONE)
    expect((gone.id, gone.sandboxes, gone.killed) == (70, 5, 1), gone)
    expect((e := receive(plugin)).id == 6 and e.status == signal.SIGKILL, e)
    ask(8, 70, ["true"])
    failed(receive(plugin), "request", errno.EPERM)
    # A plugin that dies takes its launches along; the host still learns of each.
    l.pending.clear()
    l.task(80, number, 1)
    marker = f"8{os.getpid()}.5"
    ask(9, 80, ["sleep", marker])
    [os.close(fd) for fd in receive(plugin).fds]
    l.signal(number, signal.SIGKILL)
    expect(l.wait(REAPED, number=number))
    expect(l.wait(EXITED, number=80).status == signal.SIGKILL and l.wait(REAPED, number=80))
    expect(not alive(marker))
    l.end_task(80)
    expect(l.wait(GONE, number=80).killed == 0)
    l.end_task(999)
    expect(l.wait(GONE, number=999).sandboxes == 0)
    plugin.close()
    l.close()


@check
def survives_a_hostile_plugin(box):
    l = box.start()
    script = ("import os,socket,struct\n"
              "s=socket.socket(fileno=3)\n"
              "%s\n"
              "import time; time.sleep(100)\n")
    for attack in ("s.send(b'x')", "s.send(os.urandom(60000))", "s.send(struct.pack('=HHIQ',16,0,0xffffffff,1)+b'a'*24)",
                   "s.send(struct.pack('=HHIQ',16,1,70000,1)+struct.pack('=QIIBB6x',1,1,0,0,0))",
                   "s.send(struct.pack('=HHIQ',1,0,0,1))", "s.shutdown(2)",
                   "socket.send_fds(s,[struct.pack('=HHIQ',16,1,70000,1)+struct.pack('=QIIBB6x',1,1,0,0,0)],[0])"):
        number = l.spawn(1, ["python3", "-I", "-c", script % attack], channel=1)
        time.sleep(0.15)
        ok(l.run(1, ["true"])[0])
        l.signal(number, signal.SIGKILL)
        l.wait(REAPED, number=number)
    # Asks for ever and never reads: the launcher drops it, and serves others meanwhile.
    flood = ("m=struct.pack('=HHIQ',16,0,5,1)+struct.pack('=QIIBB6x',1,1,0,0,0)+b'true\\0'\n"
             "try:\n while True: s.send(m)\nexcept OSError: pass")
    number = l.spawn(1, ["python3", "-I", "-c", script % flood], channel=1)
    for _ in range(20):
        ok(l.run(1, ["true"])[0])
    l.signal(number, signal.SIGKILL)
    l.wait(REAPED, number=number)
    l.close()


@check
def leaves_nothing_when_the_host_or_the_launcher_dies(box):
    for how in ("host", "launcher", "term"):
        l = box.start()
        marker = f"9{os.getpid()}.{len(how)}"
        for _ in range(5):
            l.spawn(1, ["sh", "-c", f"setsid sleep {marker} & setsid sleep {marker} & wait"])
        until(lambda: len(alive(marker)) == 10, "sandboxes start")
        l.process.send_signal(signal.SIGKILL if how == "launcher" else signal.SIGTERM) if how != "host" else l.sock.close()
        l.process.wait(10)
        until(lambda: not alive(marker), "sandboxes die with " + how)
        if how != "launcher":
            expect(not cgroups(), cgroups())
        else:
            box.start().close()
            expect(not cgroups(), cgroups())
        expect("ostler" not in open("/proc/mounts").read())


@check
def starts_many_without_growing(box):
    l = box.start()
    ok(l.run(1, ["true"])[0])
    pid = l.process.pid

    def state():
        fields = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status").read().splitlines())
        return len(os.listdir(f"/proc/{pid}/fd")), int(fields["VmRSS"].split()[0]), int(fields["VmData"].split()[0])
    null = os.open("/dev/null", os.O_RDWR)
    body, tail = struct.pack("=IIIBBxx", 1, 1, 0, 0, 0), s("true")

    def burst(count, width=4):
        live, started, ended = 0, 0, 0
        while ended < count:
            while live < width and started < count:
                started += 1
                live += 1
                send(l.sock, SPAWN, 10000 + started, body, tail, [null] * 3)
            event = l.next()
            expect(event.op in (EXITED, REAPED) and not getattr(event, "status", 0), event)
            if event.op == REAPED:
                live, ended = live - 1, ended + 1
    burst(200)
    for i in range(20):  # plans come and go too
        l.plan(100 + i, strict())
        send(l.sock, PLAN_DROP, 100 + i)
    time.sleep(0.1)
    before, start = state(), time.monotonic()
    burst(box.spawns)
    print(f"      {box.spawns / (time.monotonic() - start):.0f} a second, four at a time; fds, RSS, data: {before} -> {state()}")
    for i in range(20):
        l.plan(200 + i, strict())
        send(l.sock, PLAN_DROP, 200 + i)
    ok(l.run(1, ["true"])[0])
    time.sleep(0.1)
    after = state()
    expect(after[0] == before[0] and after[1] <= before[1] + 64 and after[2] <= before[2] + 64, before, after)
    l.close()
    os.close(null)


@check
def serves_many_at_once(box):
    l = box.start()
    numbers = [l.spawn(1, ["sleep", "0.5"]) for _ in range(60)]
    for number in numbers:
        ok(l.wait(EXITED, number=number))
        l.wait(REAPED, number=number)
    l.close()


def expired(*_):
    raise TimeoutError("the check hangs")


def main():
    signal.signal(signal.SIGALRM, expired)
    if sys.argv[1] == "--write-plan":
        open(sys.argv[2], "wb").write(strict())
        return 0
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
    spawns = int(sys.argv[sys.argv.index("--spawns") + 1]) if "--spawns" in sys.argv else 1000
    bad = 0
    for user in ([False, True] if os.geteuid() == 0 else [False]):
        box = Box(sys.argv[1], user)
        box.spawns = spawns
        for function in checks:
            if only not in function.__name__:
                continue
            try:
                signal.alarm(120)
                function(box)
                verdict = "ok"
            except Exception as error:
                bad += 1
                verdict = f"FAILED: {type(error).__name__} {error} (line {error.__traceback__.tb_next.tb_lineno if error.__traceback__.tb_next else 0})"
            print(f"{'user' if user else 'root'}: {function.__name__.replace('_', ' ')}: {verdict}", flush=True)
    left = cgroups()
    if left:
        print("left behind:", left)
    return 1 if bad or left else 0


if __name__ == "__main__":
    sys.exit(main())
