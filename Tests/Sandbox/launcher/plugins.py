"""What a plugin may ask of the launcher."""
from checklib import *


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
    # Until then it counts among those that live.
    expect((e := l.wait(REAPED)).id == 70 and e.flags == TASK_FLAG, e)
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
              "os.write(1,b'done')\n"
              "import signal; signal.pause()\n")
    for attack in ("s.send(b'x')", "s.send(os.urandom(60000))", "s.send(struct.pack('=HHIQ',16,0,0xffffffff,1)+b'a'*24)",
                   "s.send(struct.pack('=HHIQ',16,1,70000,1)+struct.pack('=QIIBB6x',1,1,0,0,0))",
                   "s.send(struct.pack('=HHIQ',1,0,0,1))", "s.shutdown(2)",
                   "socket.send_fds(s,[struct.pack('=HHIQ',16,1,70000,1)+struct.pack('=QIIBB6x',1,1,0,0,0)],[0])"):
        read, write = os.pipe()
        number = l.spawn(1, ["python3", "-I", "-c", script % attack], stdout=write, channel=1)
        os.close(write)
        expect(os.read(read, 4) == b"done", attack)
        os.close(read)
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
