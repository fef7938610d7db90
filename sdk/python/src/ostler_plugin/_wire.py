"""Messages over two descriptors: one JSON object a line."""

from __future__ import annotations

import collections
import json
import os
import threading
from collections.abc import Iterator
from typing import Any

#: Bytes of unwritten messages at which a task has to wait; what the reader answers does not count.
_BOUND = 256 * 1024


class Wire:
    """Reads requests and writes messages; whoever reads never waits for the writer (M8)."""

    def __init__(self, reader: int, writer: int) -> None:
        #: The longest line, as the host has told (M2).
        self.limit = 1 << 20
        self._reader = os.fdopen(reader, "rb", buffering=1 << 16)
        self._writer = writer
        self._queue: collections.deque[bytes] = collections.deque()
        self._size = 0
        self._closing = False
        self._broken = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._drain, name="ostler-writer", daemon=True)
        self._thread.start()

    @classmethod
    def over_stdio(cls) -> Wire:
        """Takes descriptors 0 and 1 for messages, and leaves nothing there that a stray print or read could spoil."""
        reader, writer = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        return cls(reader, writer)

    def requests(self) -> Iterator[dict[str, Any]]:
        """Each message of the host until its end. Raises ValueError for a line that is none."""
        for line in self._reader:
            message = json.loads(line.decode("utf-8"))
            if not isinstance(message, dict):
                raise ValueError("a message that is no object")
            yield message

    def send(self, message: dict[str, Any], *, bounded: bool = False) -> None:
        """Queues a message; with `bounded` it waits while much is unwritten. After the host's end it does nothing.

        Raises ValueError or TypeError for what cannot be sent.
        """
        line = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        data = line.encode("utf-8", "replace") + b"\n"
        if len(data) > self.limit:
            raise ValueError(f"a message of {len(data)} bytes, where {self.limit} are allowed")
        with self._changed:
            while bounded and self._size > _BOUND and not self._broken:
                self._changed.wait()
            if self._broken:
                return
            self._queue.append(data)
            self._size += len(data)
            self._changed.notify_all()

    def close(self) -> None:
        """Writes what is left, and reads no more."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._reader.close()

    def _drain(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closing:
                    self._changed.wait()
                if not self._queue:
                    return
                data = b"".join(self._queue)
                self._queue.clear()
            if not self._write(data):
                return
            with self._changed:
                self._size -= len(data)
                self._changed.notify_all()

    def _write(self, data: bytes) -> bool:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._writer, view) :]
            return True
        except OSError:
            with self._changed:
                self._broken = True
                self._queue.clear()
                self._changed.notify_all()
            return False
