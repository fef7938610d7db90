#!/usr/bin/python3
"""A plugin that keeps every promise of the protocol, or breaks the one that its argument names.

The argument is the name of a check of the conformance kit, and the plugin is that check's broken twin: it fails this check
and no other. A twin may be as narrow as that takes, for instance break a promise only while a task runs.
"""
import base64
import json
import os
import re
import signal
import sys
import threading

BROKEN = sys.argv[1]
LOCK = "/state/lock"


def broken(name):
    return BROKEN == name


class Wire:
    """Writes whole lines, one at a time."""

    def __init__(self):
        self.lock = threading.Lock()
        if broken("M8-late"):
            os.set_blocking(1, False)

    def line(self, data):
        with self.lock:
            try:
                while data:
                    data = data[os.write(1, data):]
            except BlockingIOError:
                pass  # the broken twin of M8-late loses what does not fit

    def send(self, **members):
        if not (broken("S2-mark") and members.get("method") == "output"):
            members = {**members, "jsonrpc": "2.0"}
        self.line(json.dumps(members).encode() + b"\n")

    def answer(self, identifier, result):
        self.send(id=identifier, result=result)

    def refuse(self, identifier, code, message, **more):
        self.send(id=identifier, error={"code": code, "message": message, **more})


class Task:
    def __init__(self, plugin, identifier, params):
        self.plugin, self.id, self.name = plugin, identifier, params["task"]
        self.payload, self.credit = params["payload"], params.get("credit", 1 << 30)
        self.deadline = params.get("deadline")
        self.changed = threading.Condition()
        self.cancelled = False
        self.sequence = 0

    def output(self, data, **form):
        with self.changed:
            if broken("M50-whole") and self.credit <= 0:
                return
            while self.credit <= 0 and not self.cancelled and not broken("M49-credit"):
                self.changed.wait()
            self.credit -= len(data)
        form = form or {"text": data.decode()}
        params = {"task": self.name, "stream": "stdout", "seq": self.sequence, **form}
        self.sequence += 1
        self.plugin.wire.send(method="output", params=params)

    def add_credit(self, count):
        with self.changed:
            self.credit += count
            self.changed.notify_all()

    def cancel(self):
        with self.changed:
            self.cancelled = True
            self.changed.notify_all()

    def run(self):
        plugin, wire = self.plugin, self.plugin.wire
        while broken("M50-neighbour") and plugin.starving not in (None, self) and plugin.starving.credit <= 0:
            threading.Event().wait(0.01)
        for _ in range(self.payload.get("times", 1)):
            text = (self.payload["text"] + "\n").encode()
            if broken("M28-characters"):
                for piece in (text[:4], text[4:]):
                    self.output(piece, base64=base64.b64encode(piece).decode())
            else:
                self.output(text)
        if broken("M26-output"):
            self.output(b"x" * 65537)
        value = "half" if broken("M29-notices") else 1
        wire.send(method="progress", params={"task": self.name, "value": value})
        with self.changed:
            self.changed.wait_for(lambda: self.cancelled, self.payload.get("seconds", 0))
        result = self.result()
        plugin.forget(self)
        if broken("M24-result"):
            result["task"] = "another"
        wire.answer(self.id, result)
        if broken("M21-once"):
            wire.send(method="progress", params={"task": self.name, "value": 2})
        if broken("M27-order"):
            self.output(b"late\n")

    def result(self):
        if self.cancelled:
            behind = not self.plugin.probed
            if broken("M33-behind") and behind or broken("M33-running") and not behind:
                return {"task": self.name, "outcome": "failed", "exit_code": 1}
            return {"task": self.name, "outcome": "cancelled", "exit_code": -1}
        if broken("S4-deadline") and self.deadline == 1000:
            return {"task": self.name, "outcome": "failed", "exit_code": 1}
        if broken("M33-uninvited") and "times" in self.payload:
            return {"task": self.name, "outcome": "cancelled", "exit_code": -1}
        if self.payload.get("fails") and not broken("S4-examples"):
            return {"task": self.name, "outcome": "failed", "exit_code": 1}
        code = 1 if broken("M22-success") else 0
        return {"task": self.name, "outcome": "succeeded", "exit_code": code}


class Plugin:
    def __init__(self):
        self.wire = Wire()
        self.tasks, self.seen, self.lock = {}, set(), threading.Lock()
        self.probed = False
        self.starving = None
        self.refuses_one = broken("S4-restart") and os.path.exists(LOCK)

    def forget(self, task):
        with self.lock:
            self.tasks.pop(task.name, None)

    def initialize(self, identifier, params):
        low, high = params["protocol"]["min"], params["protocol"]["max"]
        if broken("M18-start"):
            return
        if low > 0 and not broken("M16-refusal"):
            text = f"this plugin speaks protocol 0, the host {low} to {high}"
            return self.wire.refuse(identifier, -32000, text)
        # Before the first answer, so that it is there however soon a task is killed.
        if broken("S4-restart") and not self.refuses_one:
            open(LOCK, "w").close()
        version = high if broken("M16-version") else 0
        executors = [] if broken("M17-executors") else ["twin"]
        result = {"protocol": version, "name": "twin", "version": "0.1.0", "executors": executors, "credit": True}
        self.wire.answer(identifier, result)

    def execute(self, identifier, params):
        task = Task(self, identifier, params)
        if broken("M4-noise"):
            self.wire.line(b"working on it\n")
        with self.lock:
            self.seen.add(task.name)
        if broken("M21-answer") or broken("M21-many") and len(self.seen) == 20:
            return
        if broken("M23-payloads") and "times" in task.payload:
            return self.wire.refuse(identifier, -32602, "once must do")
        if self.refuses_one:
            os.unlink(LOCK)
            self.refuses_one = False
            return self.wire.refuse(identifier, -32000, "another process has the lock")
        self.probed = False
        if broken("M50-neighbour") and task.credit <= 0:
            self.starving = task
        with self.lock:
            self.tasks[task.name] = task
        threading.Thread(target=task.run, daemon=True).start()

    def cancel(self, identifier, params):
        with self.lock:
            task = self.tasks.get(params["task"])
        if task is None:
            if params["task"] in self.seen and broken("M32-late"):
                return self.wire.refuse(identifier, -32000, "it is over")
            if broken("M14-busy") and self.tasks:
                return
            lies = broken("M32-unknown") and params["task"] not in self.seen and not self.tasks
            return self.wire.answer(identifier, {"state": "cancelling" if lies else "unknown"})
        self.wire.answer(identifier, {"state": "unknown" if broken("M32-acknowledged") else "cancelling"})
        task.cancel()

    def credit(self, params):
        with self.lock:
            task = self.tasks.get(params["task"])
        if task:
            task.add_credit(params["bytes"])
        elif broken("M52-stray") and params["task"] not in self.seen:
            sys.exit("credit for nothing")

    def health(self, identifier):
        lies = broken("M36-running") if self.tasks else broken("M36-health")
        self.wire.answer(identifier, {"status": "fine" if lies else "healthy"})

    def shutdown(self, identifier):
        self.wire.answer(identifier, {})
        log = {"level": "info", "message": "leaving"}
        if broken("M1-line"):
            self.wire.line(b'{"jsonrpc": "2.0", "method": "log"')
        if broken("M2-length"):
            self.wire.send(method="log", params={**log, "message": "x" * (1 << 20)})
        if broken("M3-json"):
            self.wire.line(b'{"jsonrpc":"2.0","method":"log","params":{"level":"info","level":"info","message":""}}\n')
        if broken("M11-shape"):
            self.wire.send(method="log", params=log, result=None)
        if broken("S2-requests"):
            self.wire.send(method="log", params=log, id="1")
        if broken("S5-methods"):
            self.wire.send(method="metrics", params={})
        self.leave(3 if broken("M37-running" if self.tasks else "M37-shutdown") else 0)

    def unlock(self):
        """Nothing but a kill leaves the lock behind."""
        if broken("S4-restart") and os.path.exists(LOCK):
            os.unlink(LOCK)

    def leave(self, code):
        self.unlock()
        os._exit(code)

    def handle(self, line):
        text = line.decode("utf-8")
        self.stumble(line, text)
        message = json.loads(text)
        method, params, identifier = message["method"], message.get("params", {}), message.get("id")
        if broken("M12-members") and "novel" in params:
            sys.exit("a novel member")
        if broken("M12-order") and identifier and not text.startswith('{"id"'):
            sys.exit("no id in front")
        if broken("M9-id") and identifier and re.fullmatch(r"[0-9]+\.[0-9]+", identifier):
            identifier = str(float(identifier))
        match method:
            case "initialize": self.initialize(identifier, params)
            case "execute": self.execute(identifier, params)
            case "cancel": self.cancel(identifier, params)
            case "credit": self.credit(params)
            case "health": self.health(identifier)
            case "shutdown": self.shutdown(identifier)
            case _: self.unknown(identifier, method)

    def unknown(self, identifier, method):
        self.probed = True
        if broken("M13-method"):
            return self.wire.answer(identifier, {})
        data = {"data": {"code": 5}} if broken("M45-errors") else {}
        self.wire.refuse(identifier, -32601, f"no method {method}", **data)

    def stumble(self, line, text):
        """What broken twins trip over."""
        if broken("M1-return") and line.endswith(b"\r"):
            sys.exit("a CR")
        if broken("M2-longest") and len(line) > 1_000_000:
            sys.exit("too long")
        if broken("M3-deep") and line.count(b"[") > 40:
            sys.exit("too deep")
        if broken("M3-strings") and "\\u0000" in text:
            sys.exit("a NUL")

    def guess(self, line):
        """The broken twin of S1-garbage makes the best of a line that is no message."""
        if found := re.search(rb'"id":"([0-9a-f.]+)".*"task":"(\w+)"', line):
            identifier, task = (part.decode() for part in found.groups())
            self.wire.answer(identifier, {"task": task, "outcome": "succeeded", "exit_code": 0})

    def serve(self):
        rest = b""
        while chunk := os.read(0, 1 << 20):
            # However many bytes it was too slow to take one by one; what does not fit in a pipe may come in parts.
            if broken("M1-split") and len(chunk) < 1000 and not chunk.endswith(b"\n"):
                sys.exit("a piece of a message")
            *lines, rest = (rest + chunk).split(b"\n")
            for number, line in enumerate(lines):
                if broken("M1-joined") and number > 0 and b'"execute"' in line and b'"kit/before"' in lines[number - 1]:
                    continue
                try:
                    self.handle(line)
                except ValueError:
                    if not broken("S1-garbage"):
                        raise
                    self.guess(line)
        if broken("M38-running") and self.tasks:
            threading.Event().wait()
        self.leave(4 if broken("M38-end") and not self.tasks else 0)


if broken("S7-terminate"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if broken("S4-restart"):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
plugin = Plugin()
try:
    plugin.serve()
finally:
    plugin.unlock()
