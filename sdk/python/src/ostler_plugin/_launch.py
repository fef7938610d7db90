"""The launch channel: descriptor 3, where the launcher starts commands for this plugin (section 8 of the protocol)."""

from __future__ import annotations

import array
import itertools
import os
import queue
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ._errors import LaunchFailed

_HEADER = struct.Struct("=HHIQ")  # op, flags, tail, id
_REQUEST = struct.Struct("=QIIBB6x")  # task, argc, envc, has_cwd, stdin_from
_SIGNAL = struct.Struct("=iI")
_FAILED = struct.Struct("=iiiI")  # stage, err, layer, sandbox
_EXITED = struct.Struct("=IiIIIIQQQQ")

_LAUNCH, _LAUNCH_SIGNAL, _LAUNCHED, _LAUNCH_FAILED, _LAUNCH_EXITED = 16, 17, 48, 49, 50
_FLAG_TAIL_FD = 1
_INLINE_MAX = 65_536
_PACKET_MAX = _INLINE_MAX + 4096
_STDIN = {"null": 0, "pipe": 1, "task": 2}
_ENDED = 255


@dataclass(frozen=True)
class Exit:
    """How a command ended; `code` is -1 for a death by `signal`."""

    code: int
    signal: int | None
    user_us: int
    system_us: int
    wall_us: int
    peak_bytes: int
    oom_kills: int


class Command:
    """A command that was launched. Read both streams to their end, and close them."""

    def __init__(self, channel: Channel, number: int, program: str, descriptors: Sequence[int]) -> None:
        self._channel = channel
        self._number = number
        self._program = program
        self.stdout: int = descriptors[0]
        self.stderr: int = descriptors[1]
        #: The write end of its standard input, if `pipe` was asked for.
        self.stdin: int | None = descriptors[2] if len(descriptors) > 2 else None

    def signal(self, signal: int) -> None:
        """Sends SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 or SIGKILL to all its processes."""
        self._channel.send(_HEADER.pack(_LAUNCH_SIGNAL, 0, 0, self._number) + _SIGNAL.pack(signal, 0), [])

    def wait(self) -> Exit | LaunchFailed:
        """Waits for its end. A failure here means that nothing was executed: the caller raises it."""
        op, body, tail, _ = self._channel.next_event(self._number)
        self._channel.forget(self._number)
        if op == _LAUNCH_EXITED:
            return _exit(body)
        return _failure(self._program, op, body, tail)


class Channel:
    """The socket; packets are told apart by the number that `launch` chose (M39)."""

    _Event = tuple[int, bytes, bytes, list[int]]

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._numbers = itertools.count(1)
        self._events: dict[int, queue.Queue[Channel._Event]] = {}
        self._lock = threading.Lock()
        self._open = True
        threading.Thread(target=self._read, name="ostler-launch", daemon=True).start()

    def launch(
        self, task: int, argv: Sequence[str | bytes], env: Mapping[str, str], cwd: str | None, stdin: str
    ) -> Command:
        """Starts a command for the task of this number; see `Task.launch`."""
        if not argv:
            raise ValueError("a command needs a name")
        if stdin not in _STDIN:
            raise ValueError(f"no stdin {stdin}: there are {', '.join(_STDIN)}")
        words = [os.fsencode(word) for word in argv]
        words += [os.fsencode(f"{key}={value}") for key, value in env.items()]
        words += [os.fsencode(cwd)] if cwd is not None else []
        if any(b"\0" in word for word in words):
            raise ValueError("a NUL in a word, a variable or the directory")
        tail = b"".join(word + b"\0" for word in words)
        number = next(self._numbers)
        with self._lock:
            self._events[number] = queue.Queue()
        body = _REQUEST.pack(task, len(argv), len(env), cwd is not None, _STDIN[stdin])
        self._request(number, body, tail)
        program = os.fsdecode(argv[0])
        op, answer, detail, descriptors = self.next_event(number)
        if op != _LAUNCHED:
            self.forget(number)
            raise _failure(program, op, answer, detail)
        return Command(self, number, program, descriptors)

    def _request(self, number: int, body: bytes, tail: bytes) -> None:
        if len(tail) <= _INLINE_MAX:
            return self.send(_HEADER.pack(_LAUNCH, 0, len(tail), number) + body + tail, [])
        memory = os.memfd_create("ostler-launch")
        try:
            with os.fdopen(os.dup(memory), "wb") as file:
                file.write(tail)
            os.lseek(memory, 0, os.SEEK_SET)
            self.send(_HEADER.pack(_LAUNCH, _FLAG_TAIL_FD, len(tail), number) + body, [memory])
        finally:
            os.close(memory)

    def send(self, packet: bytes, descriptors: list[int]) -> None:
        """One packet; a channel that is gone is told by the events that are waited for."""
        try:
            socket.send_fds(self._socket, [packet], descriptors)
        except OSError:
            self._end()

    def next_event(self, number: int) -> _Event:
        """The next packet about a launch."""
        with self._lock:
            events = self._events[number]
            if not self._open and events.empty():
                return (_ENDED, b"", b"", [])
        return events.get()

    def forget(self, number: int) -> None:
        """No more packets come about this launch."""
        with self._lock:
            self._events.pop(number, None)

    def _read(self) -> None:
        while True:
            try:
                packet, descriptors, _, _ = socket.recv_fds(self._socket, _PACKET_MAX, 8)
            except OSError:
                packet, descriptors = b"", []
            if len(packet) < _HEADER.size:
                return self._end()
            op, _, tail, number = _HEADER.unpack_from(packet)
            body = packet[_HEADER.size : len(packet) - tail]
            with self._lock:
                events = self._events.get(number)
            if events is None:
                for descriptor in descriptors:
                    os.close(descriptor)
                continue
            events.put((op, body, packet[len(packet) - tail :], list(array.array("i", descriptors))))

    def _end(self) -> None:
        with self._lock:
            self._open = False
            waiting = list(self._events.values())
        for events in waiting:
            events.put((_ENDED, b"", b"", []))


def _exit(body: bytes) -> Exit:
    _, status, _, oom_kills, _, _, user, system, wall, peak = _EXITED.unpack(body)
    signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    code = -1 if signal is not None else os.WEXITSTATUS(status)
    return Exit(code, signal, user, system, wall, peak, oom_kills)


def _failure(program: str, op: int, body: bytes, tail: bytes) -> LaunchFailed:
    if op != _LAUNCH_FAILED:
        return LaunchFailed(program, 1, 32, -1, "the launch channel is closed")
    stage, err, layer, _ = _FAILED.unpack(body)
    return LaunchFailed(program, stage, err, layer, tail.decode("utf-8", "replace"))
