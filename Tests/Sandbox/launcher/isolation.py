"""What a sandbox keeps from its command: calls, files, descriptors, memory."""
import shutil, tempfile
from checklib import *

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
        shutil.copy("/usr/bin/id", folder + "/tool")
        os.link(folder + "/tool", folder + "/hard")
        os.symlink("/opt/tool", folder + "/soft")
        l.plan(2, strict(bind(folder, "/opt", RO), programs(block=[folder + "/tool", "/usr/bin/id"])))
        for name in ("id", "/bin/id", "/opt/tool", "/opt/hard", "/opt/soft"):
            failed(l.run(2, [name])[0], "program", errno.EPERM)
        ok(l.run(2, ["true"])[0])
        l.plan(3, strict(programs(allow=["/usr/bin/true"])))
        ok(l.run(3, ["true"])[0])
        failed(l.run(3, ["id"])[0], "program", errno.EPERM)
        l.plan(4, strict(programs(has_allow=True)))
        failed(l.run(4, ["true"])[0], "program", errno.EPERM)
    l.close()


@check
def mounts_binds_of_all_kinds(box):
    l = box.start()
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(folder + "/ro"), os.makedirs(folder + "/rw"), os.makedirs(folder + "/in")
        for name in ("ro/file", "in/file", "rw/.keep"):
            open(f"{folder}/{name}", "w").write(name)
        owner = 12345 if box.user else os.geteuid()
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
    event, output = l.run(2, ["sh", "-c", "for i in $(seq 60); do sleep 100 & done; echo end"], timeout=30)
    expect("fork" in output, output)
    expect(event.pids_denied >= 1 if l.ready.pids_mode else True, event)
    bomb = ("import os\n"
            "told = False\n"
            "while True:\n"
            " try: os.fork()\n"
            " except OSError:\n"
            "  if not told: os.write(1, b'full'); told = True\n")
    read, write = os.pipe()
    number = l.spawn(2, ["python3", "-I", "-c", bomb], stdout=write)
    os.close(write)
    expect(os.read(read, 4) == b"full")
    ok(l.run(1, ["sh", "-c", "true | true"])[0])
    l.signal(number, signal.SIGKILL)
    l.wait(REAPED, number=number)
    os.close(read)
    l.close()


@check
def gives_an_id_to_one_sandbox_only(box):
    if box.user:
        return  # has one id
    ids = {"first": 300000 + os.getpid() % 10000 * 10, "count": 4}  # nobody else's
    first, second = Launcher(box.program, **ids), Launcher(box.program, **ids)
    read, write = os.pipe()
    marker = f"i{os.getpid()}.4"
    for l in (first, second):
        expect(l.plan(1, strict()).op == PLAN_READY)
        for _ in range(2):
            l.spawn(1, ["sh", "-c", "read end; exit 0", marker], stdin=read)
    os.close(read)
    until(lambda: len(alive(marker)) == 4, "all of them at once")

    def user(pid):
        return [line.split()[1] for line in open(f"/proc/{pid}/status") if line.startswith("Uid:")][0]
    found = {user(pid) for pid in alive(marker)}
    expect(len(found) == 4, found)
    none = Launcher(box.program, **ids)
    expect(none.ready.op == FAILED and none.ready.err == errno.ENOTSUP, none.ready)
    none.sock.close()
    none.process.wait(10)
    os.close(write)
    first.close()
    second.close()
    again = Launcher(box.program, **ids)
    expect(again.ready.op == READY, again.ready)
    again.close()
