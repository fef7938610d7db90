"""One task, as its handler sees it."""

from __future__ import annotations

import base64
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._errors import Cancelled, LaunchFailed, TaskFailed
from ._launch import Channel, Command, Exit
from ._wire import Wire
from ._workspace import Place

#: The most that one `output` carries, before any encoding (M26).
_PIECE = 65_536


@dataclass(frozen=True)
class Result:
    """What a handler may return; without one the task has succeeded.

    exit_code: 0 is success, anything else failure; -1 with `signal`, or where there is none.
    usage: user_us, system_us, wall_us, peak_bytes, as far as they are known.
    metadata: any JSON; it becomes `executor_metadata` of the task's result.
    """

    exit_code: int = 0
    signal: int | None = None
    usage: Mapping[str, int] | None = None
    metadata: Any = None


class Task:
    """A task that is executed. Its methods may be called from any thread."""

    def __init__(self, wire: Wire, channel: Channel | None, params: Mapping[str, Any]) -> None:
        self._wire = wire
        self._channel = channel
        self._lock = threading.Lock()
        self._allowed = threading.Condition()
        self._credit: int | None = params.get("credit")
        self._sequence = 0
        self._answered = False
        self._launch_number = params.get("launch")
        remaining = params.get("remaining_ms")
        self._end = None if remaining is None else time.monotonic() + remaining / 1000
        self.id: str = params["task"]
        self.executor: str = params.get("executor", "")
        self.run_id: str | None = params.get("run_id")
        self.parent_id: str | None = params.get("parent_id")
        self.principal: str | None = params.get("principal")
        self.attempt: int = params.get("attempt", 1)
        self.idempotency_key: str | None = params.get("idempotency_key")
        #: The span that executing the task is a part of, as W3C's Trace Context writes it; None without a trace.
        self.traceparent: str | None = params.get("traceparent")
        self.env: Mapping[str, str] = params.get("env", {})
        self.metadata: Mapping[str, str] = params.get("metadata", {})
        #: The job of a workspace that it is executed in; None for a task by itself.
        self.place: Place | None = Place.read(params["workspace"]) if "workspace" in params else None
        #: Whether the submitter's stream waits to become a command's standard input.
        self.has_stdin: bool = params.get("stdin", False)
        #: Set when the host asks that the task end.
        self.cancelled = threading.Event()
        #: Why: requested, timeout, limit or shutdown.
        self.cancel_reason: str | None = None

    @property
    def remaining(self) -> float | None:
        """Seconds until the task's time is up, which the host sees to; None if it has no limit."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def check(self) -> None:
        """Raises `Cancelled` if the host has asked that the task end: call it where stopping is safe."""
        if self.cancelled.is_set():
            raise Cancelled(self.cancel_reason)

    def write(self, data: str | bytes, stream: str = "stdout") -> None:
        """Output of the task, byte for byte; waits while the host takes nothing."""
        if stream not in ("stdout", "stderr"):
            raise ValueError(f"no stream {stream}: there are stdout and stderr")
        rest = memoryview(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else bytes(data))
        with self._lock:
            while rest and not self._answered:
                self._await_credit()
                piece = bytes(rest[: _whole(rest)])
                rest = rest[len(piece) :]
                try:
                    body = {"text": piece.decode("utf-8")}
                except UnicodeDecodeError:
                    body = {"base64": base64.b64encode(piece).decode("ascii")}
                params = {"task": self.id, "stream": stream, "seq": self._sequence, **body}
                self._wire.send({"method": "output", "params": params}, bounded=True)
                self._sequence += 1
                self._spend(len(piece))

    def progress(
        self, value: float, total: float | None = None, unit: str | None = None, message: str | None = None
    ) -> None:
        """How far the task has come."""
        self._notify("progress", {"value": value, "total": total, "unit": unit, "message": message})

    def log(self, message: str, level: str = "info") -> None:
        """A line for the operator; `level` is debug, info, warning or error."""
        self._notify("log", {"level": level, "message": message})

    def launch(
        self,
        argv: Sequence[str | bytes],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        stdin: str = "null",
    ) -> Command:
        """Has the launcher start a command in a sandbox of its own, for this task.

        stdin: `null`; `pipe`, then `Command.stdin` is the write end; or `task`, the submitter's stream (once).
        Raises LaunchFailed, and TaskFailed if the manifest does not ask for `needs.launch`.
        """
        if self._channel is None or self._launch_number is None:
            raise TaskFailed(
                "this plugin was not granted to launch commands",
                code="launch_not_granted",
                fault="executor",
                side_effects="none",
                hint="say needs: {launch: true} in plugin.yaml",
            )
        return self._channel.launch(self._launch_number, argv, env or {}, cwd, stdin)

    def run(
        self,
        argv: Sequence[str | bytes],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        stdin: str | None = None,
    ) -> Result:
        """Launches a command, hands its output on as the task's own and waits for its end.

        Its standard input is the submitter's stream if there is one, unless `stdin` says otherwise. A cancelled task's
        commands are ended by the host; this then raises `Cancelled`.
        """
        source = stdin or ("task" if self.has_stdin else "null")
        command = self.launch(argv, env={**self.env, **(env or {})}, cwd=cwd, stdin=source)
        pumps = [
            threading.Thread(target=self._pump, args=(descriptor, name), daemon=True)
            for descriptor, name in ((command.stdout, "stdout"), (command.stderr, "stderr"))
        ]
        for pump in pumps:
            pump.start()
        ended = command.wait()
        for pump in pumps:
            pump.join()
        if isinstance(ended, LaunchFailed):
            raise ended
        self.check()
        return _result(ended)

    async def run_async(self, argv: Sequence[str | bytes], **options: Any) -> Result:
        """`run` for coroutines."""
        import asyncio

        return await asyncio.to_thread(self.run, argv, **options)

    def _await_credit(self) -> None:
        """Waits until the host takes output of this task; its neighbours go on (M49, M50)."""
        with self._allowed:
            while self._credit is not None and self._credit <= 0 and not self._answered:
                self._allowed.wait()

    def _spend(self, count: int) -> None:
        with self._allowed:
            if self._credit is not None:
                self._credit -= count

    def _renew(self, count: int) -> None:
        with self._allowed:
            if self._credit is not None:
                self._credit += count
            self._allowed.notify_all()

    def _pump(self, descriptor: int, stream: str) -> None:
        try:
            while data := os.read(descriptor, _PIECE):
                self.write(data, stream)
        finally:
            os.close(descriptor)

    def _notify(self, method: str, members: Mapping[str, Any]) -> None:
        params = {"task": self.id, **{key: value for key, value in members.items() if value is not None}}
        with self._lock:
            if not self._answered:
                self._wire.send({"method": method, "params": params}, bounded=True)

    def _settle(self) -> bool:
        """False if the task was answered before; from now on nothing is sent about it (M21)."""
        with self._lock:
            first, self._answered = not self._answered, True
        with self._allowed:
            self._allowed.notify_all()
        return first


def _whole(data: memoryview) -> int:
    """How much of `data` goes into one piece, so that no character is cut in two (M28)."""
    if len(data) <= _PIECE:
        return len(data)
    for back in range(4):
        if data[_PIECE - back] & 0xC0 != 0x80:
            return _PIECE - back
    return _PIECE


def _result(ended: Exit) -> Result:
    usage = {
        "user_us": ended.user_us,
        "system_us": ended.system_us,
        "wall_us": ended.wall_us,
        "peak_bytes": ended.peak_bytes,
    }
    return Result(ended.code, ended.signal, usage)
