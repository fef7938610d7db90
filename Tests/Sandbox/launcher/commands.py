"""How commands are started, told apart and ended."""
from checklib import *


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
    left = f"mkfifo /tmp/up; (setsid sh -c 'echo up >/tmp/up; exec sleep {marker}' >/dev/null 2>&1 &); read up </tmp/up; exit 5"
    ok(l.run(1, ["sh", "-c", left])[0], 5)
    expect(not alive(marker), alive(marker))
    # Zombies are reaped while the command runs.
    orphans = "for i in 1 2 3; do (setsid sh -c 'sleep 100 &' &); done; "
    # A zombie keeps its name.
    found = "found() { grep -lx sleep /proc/[0-9]*/comm 2>/dev/null; }; "
    # That none is left says something of those only that were there.
    ended = ("i=0; until [ $(found | wc -l) = 3 ]; do i=$((i + 1)); [ $i -lt 2000 ] || exit 2; sleep 0.01; done; "
             "kill $(found | cut -d/ -f3); ")
    reaped = 'for i in $(seq 2000); do [ -n "$(found)" ] || exit 0; sleep 0.01; done; exit 1'
    ok(l.run(1, ["sh", "-c", orphans + found + ended + reaped])[0])
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
    ok(l.run(1, ["true"])[0])
    before = state()
    burst(box.spawns)
    for i in range(20):
        l.plan(200 + i, strict())
        send(l.sock, PLAN_DROP, 200 + i)
    ok(l.run(1, ["true"])[0])
    # It tells of an end before it has tidied up behind it.
    until(lambda: state()[0] <= before[0], "descriptors are given back")
    after = state()
    expect(after[1] <= before[1] + 64 and after[2] <= before[2] + 64, before, after)
    l.close()
    os.close(null)


@check
def serves_many_at_once(box):
    l = box.start()
    read, write = os.pipe()
    marker = f"m{os.getpid()}.60"
    numbers = [l.spawn(1, ["sh", "-c", "read end; exit 0", marker], stdin=read) for _ in range(60)]
    os.close(read)
    until(lambda: len(alive(marker)) == 60, "all of them at once")
    os.close(write)  # each has waited for it
    for number in numbers:
        ok(l.wait(EXITED, number=number))
        l.wait(REAPED, number=number)
    l.close()
