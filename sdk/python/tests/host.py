"""A host for tests: the plugin runs in this process, on pipes."""

import json
import os
import threading
from collections.abc import Callable
from typing import Any

from ostler_plugin import Plugin
from ostler_plugin._wire import Wire

PATIENCE = 20


class Host:
    def __init__(self, plugin: Plugin) -> None:
        plugin_end, self._requests = os.pipe()
        answers, wire_end = os.pipe()
        self._answers = os.fdopen(answers, "rb")
        self._wire = Wire(plugin_end, wire_end)
        self._wire_end = wire_end
        self.code: int | None = None
        self._thread = threading.Thread(target=self._serve, args=(plugin,), daemon=True)
        self._thread.start()

    def _serve(self, plugin: Plugin) -> None:
        self.code = plugin.serve(self._wire)
        os.close(self._wire_end)

    def send(self, identifier: str, method: str, **params: Any) -> None:
        self.write(json.dumps({"id": identifier, "method": method, "params": params}).encode() + b"\n")

    def notify(self, method: str, **params: Any) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode() + b"\n")

    def write(self, data: bytes) -> None:
        os.write(self._requests, data)

    def execute(self, identifier: str, executor: str, payload: Any = None, **params: Any) -> None:
        self.send(identifier, "execute", **{"task": identifier, "executor": executor, "payload": payload, **params})

    def next(self) -> dict[str, Any]:
        """The next message; the plugin's end is an error."""
        line = self._answers.readline()
        if not line:
            raise EOFError
        message = json.loads(line)
        assert message.pop("jsonrpc") == "2.0"
        return message

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not wanted(message := self.next()):
            pass
        return message

    def answer(self, identifier: str) -> dict[str, Any]:
        return self.until(lambda message: message.get("id") == identifier)

    def close(self) -> None:
        """Ends the session as a host that is gone does."""
        if self._requests >= 0:
            os.close(self._requests)
            self._requests = -1
            self._thread.join(PATIENCE)
            self._answers.close()
