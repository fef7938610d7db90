"""A plugin that breaks the contract in the way that it is told.

What a task does is chosen by the member `do` of its payload: a method `do_...` of `Plugin`. What happens at the start
is chosen by `start` in the config of an executor, and the answer to `health` by `health`. With the argument `--deaf`
nothing is ever read.
"""
import array
import base64
import json
import os
import select
import signal
import socket
import struct
import sys

LAUNCH_CHANNEL = 3
LAUNCH, LAUNCHED, LAUNCH_FAILED, LAUNCH_EXITED = 16, 48, 49, 50
HEADER = struct.Struct("=HHIQ")


def write(data, descriptor=1):
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view):]


def send(**members):
    write(json.dumps({"jsonrpc": "2.0", **members}).encode() + b"\n")


def hang():
    while True:
        signal.pause()


class Task:
    """A request to execute something."""

    def __init__(self, identifier, params):
        self.id = identifier
        self.name = params["task"]
        self.executor = params["executor"]
        self.launch = params.get("launch")
        self.payload = params["payload"]
        self.remaining = params.get("remaining_ms")
        self.sequence = 0

    def answer(self, outcome="succeeded", exit_code=0, task=None, **more):
        result = {"task": task or self.name, "outcome": outcome, "exit_code": exit_code, **more}
        send(id=self.id, result=result)

    def output(self, text, stream="stdout"):
        params = {"task": self.name, "stream": stream, "seq": self.sequence, "text": text}
        self.sequence += 1
        send(method="output", params=params)


class Plugin:
    def __init__(self):
        self.config = {}
        # Tasks that wait for something: for company, for a cancel, for a quiet moment.
        self.held = []
        self.gauged = []

    # Tasks.

    def do_succeed(self, task):
        task.answer()

    def do_say(self, task):
        task.output(task.payload["text"])
        task.answer()

    def do_tell(self, task):
        send(method="log", params={"level": "info", "message": "of the plugin itself"})
        send(method="progress", params={"task": task.name, "value": 1, "total": 2, "unit": "files"})
        send(method="log", params={"level": "warning", "message": "of the task", "task": task.name})
        send(method="progress", params={"task": "another", "value": 1})
        task.answer()

    def do_say_and_hold(self, task):
        task.output(task.payload["text"])
        self.held.append(task)

    def do_identify(self, task):
        """Tells one process from another: a fresh name for each."""
        task.answer(metadata={"process": self.name})

    def do_limits(self, task):
        task.answer(metadata={"remaining_ms": task.remaining})

    def do_exit(self, task):
        write(task.payload.get("stderr", "").encode(), 2)
        os._exit(task.payload["code"])

    def do_signal(self, task):
        os.kill(os.getpid(), task.payload["signal"])
        hang()

    def do_answer_and_exit(self, task):
        task.answer()
        os._exit(task.payload["code"])

    def do_pour_answer_and_exit(self, task):
        """Leaves as much as a pipe holds behind, and is gone at once."""
        for _ in range(task.payload["frames"]):
            task.output("x" * 32768)
        task.answer()
        os._exit(0)

    def do_hang(self, task):
        hang()

    def do_ignore_sigterm(self, task):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        # For who waits until it is so.
        if "text" in task.payload:
            task.output(task.payload["text"])
        hang()

    def do_hold(self, task):
        """Answers `cancelled` when it is cancelled; what a cancel is answered with is in `reply`."""
        self.held.append(task)

    def do_collect(self, task):
        """Answers the last task first, when all are there."""
        self.held.append(task)
        if len(self.held) == task.payload["count"]:
            while self.held:
                self.held.pop().answer()

    def do_gauge(self, task):
        """Answers only when nothing more comes, and says how many tasks of its executor there were at once."""
        self.gauged.append(task)

    def do_noise(self, task):
        for number in range(task.payload["lines"]):
            write(f"noise {number}\n".encode())
        task.answer()

    def do_endless_line(self, task):
        start = task.payload.get("start", "").encode()
        write(start)
        left = task.payload.get("bytes")
        while left is None or left > 0:
            write(b"x" * 65536)
            left = None if left is None else left - 65536
        write(b"\n")
        task.answer()

    def do_flood_stderr(self, task):
        for _ in range(task.payload["bytes"] // 65536):
            write(b"e" * 65536, 2)
        write(b"the end of stderr", 2)
        if "code" in task.payload:
            os._exit(task.payload["code"])
        task.answer()

    def do_flood_output(self, task):
        while True:
            task.output("o" * 32768)

    def do_flood_notices(self, task):
        while True:
            if task.payload["method"] == "progress":
                send(method="progress", params={"task": task.name, "value": 1})
            else:
                send(method="log", params={"level": "info", "message": "again", "task": task.name})

    def do_drip(self, task):
        """An answer of single bytes with a pause behind each; or the start of a frame that has no end."""
        result = {"task": task.name, "outcome": "succeeded", "exit_code": 0}
        answer = json.dumps({"jsonrpc": "2.0", "id": task.id, "result": result}).encode() + b"\n"
        position = 0
        while task.payload.get("endless") or position < len(answer):
            write(answer[position:position + 1] if not task.payload.get("endless") else b"{")
            position += 1
            select.select([], [], [], 0.002)

    def do_delete_everything(self, task):
        """Its own files, the work directory, and what is in the places that all can write to."""
        os.system("cd / && rm -rf /plugin /work /tmp/* /var/tmp/* /dev/shm/* 2>/dev/null")
        task.answer()

    def do_answer_twice(self, task):
        task.answer()
        task.answer(outcome="failed", exit_code=1)

    def do_answer_for_another(self, task):
        task.answer(task="another-task")

    def do_answer_unknown_id(self, task):
        identifier, task.id = task.id, "00000000000000000000000000000000.1"
        task.answer(outcome="failed", exit_code=1)
        task.id = identifier
        if task.payload.get("then") == "answer":
            task.answer()

    def do_answer(self, task):
        """A result as the payload has it."""
        send(id=task.id, result={"task": task.name, **task.payload["result"]})

    def do_error(self, task):
        send(id=task.id, error={"code": -32000, "message": "it cannot be done", "data": {"code": "cannot", "fault": "task"}})

    def do_raw(self, task):
        """The very bytes of the payload on stdout, with the ids of the task in their places."""
        data = base64.b64decode(task.payload["base64"])
        write(data.replace(b"$ID", task.id.encode()).replace(b"$TASK", task.name.encode()))
        if task.payload.get("then") == "exit":
            os._exit(0)
        if task.payload.get("then") == "hang":
            hang()

    def do_oversize(self, task):
        task.answer(metadata={"filling": "x" * (1 << 20)})

    def do_too_deep(self, task):
        write(b'{"jsonrpc":"2.0","method":"log","params":' + b"[" * 100 + b"]" * 100 + b"}\n")

    def do_close_stdout(self, task):
        os.close(1)
        hang()

    def do_leave_grandchild(self, task):
        """A process of another session that holds the pipes; its parent is gone."""
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                hang()
            os._exit(0)
        os.wait()
        if task.payload["then"] == "exit":
            os._exit(4)
        task.answer()

    def do_hog_memory(self, task):
        hoard = []
        while True:
            hoard.append(b"m" * (1 << 20))

    def do_launch(self, task):
        """Has the launcher start a command for a task, which may be one that it does not have."""
        number = task.launch + task.payload.get("offset", 0)
        words = [word.encode() + b"\0" for word in task.payload["argv"]]
        body = struct.pack("=QIIBB6x", number, len(words), 0, 0, 0)
        tail = b"".join(words)
        channel = socket.socket(fileno=os.dup(LAUNCH_CHANNEL))
        channel.send(HEADER.pack(LAUNCH, 0, len(tail), 1) + body + tail)
        for operation, data in self.launch_events(channel):
            if operation == LAUNCH_FAILED:
                stage, error = struct.unpack_from("=ii", data)
                return task.answer("failed", -1, metadata={"stage": stage, "errno": error})
            if operation == LAUNCH_EXITED:
                status = struct.unpack_from("=Ii", data)[1]
                if task.payload.get("late"):
                    # The next request is the cancel that ended the command.
                    send(id=json.loads(os.read(0, 65536))["id"], result={"state": "too_late"})
                claimed = task.payload.get("claim", status >> 8)
                return task.answer("failed" if claimed else "succeeded", claimed)

    def launch_events(self, channel):
        while True:
            data, control, _, _ = channel.recvmsg(70000, 1024)
            for level, kind, value in control:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    for descriptor in array.array("i", value):
                        os.close(descriptor)
            yield HEADER.unpack_from(data)[0], data[HEADER.size:]

    # The session.

    def initialize(self, identifier, params):
        executors = list(params["config"])
        self.config = next(iter(params["config"].values()), {})
        # In a pid namespace of its own, the process id says nothing.
        self.name = open("/proc/sys/kernel/random/uuid").read().strip()
        result = {"protocol": 0, "name": "misbehaving", "version": "1.0.0", "executors": executors}
        start = self.config.get("start", "well")
        if start == "hang":
            hang()
        elif start == "exit":
            write(b"no wish to start\n", 2)
            os._exit(9)
        elif start == "refuse":
            return send(id=identifier, error={"code": -32000, "message": "the moon is not full"})
        elif start == "version":
            result["protocol"] = 99
        elif start == "no_executors":
            result["executors"] = []
        elif start == "shape":
            result = {"hello": "world"}
        elif start == "no_json":
            return write(b'{"jsonrpc": what?}\n')
        elif start == "credit":
            result["credit"] = True
        elif start == "close_stdout":
            os.close(1)
            hang()
        send(id=identifier, result=result)
        if start == "welcome_and_close_stdout":
            os.close(1)
            hang()

    def cancel(self, identifier, params):
        held = [task for task in self.held if task.name == params["task"]]
        reply = held[0].payload.get("reply", "cancelling") if held else "unknown"
        if reply == "nothing":
            return
        if reply == "hang":
            hang()
        if reply == "shape":
            return send(id=identifier, result={"state": 7})
        send(id=identifier, result={"state": reply})
        if reply == "ignore" or not held:
            return
        self.held.remove(held[0])
        if reply == "too_late":
            held[0].answer()
        else:
            held[0].answer("cancelled", -1)

    def health(self, identifier):
        status = self.config.get("health", "healthy")
        if status == "hang":
            hang()
        if status != "silent":
            send(id=identifier, result={"status": status, "detail": "as the config says"})

    def handle(self, message):
        identifier, params = message.get("id"), message.get("params", {})
        method = message["method"]
        if method == "initialize":
            self.initialize(identifier, params)
        elif method == "execute":
            task = Task(identifier, params)
            getattr(self, "do_" + task.payload["do"])(task)
        elif method == "cancel":
            self.cancel(identifier, params)
        elif method == "health":
            self.health(identifier)
        elif method == "shutdown":
            if self.config.get("shutdown") == "ignore":
                return
            send(id=identifier, result={})
            os._exit(0)

    def quiet(self):
        """Nothing came for a while."""
        if self.gauged:
            first = self.gauged[0]
            count = sum(task.executor == first.executor for task in self.gauged)
            self.gauged.pop(0).answer(metadata={"at_once": count})

    def run(self):
        unread = b""
        while True:
            if not select.select([0], [], [], 0.1 if self.gauged else None)[0]:
                self.quiet()
                continue
            data = os.read(0, 1 << 20)
            if not data:
                os._exit(0)
            *lines, unread = (unread + data).split(b"\n")
            for line in lines:
                self.handle(json.loads(line))


if "--deaf" in sys.argv:
    hang()
Plugin().run()
