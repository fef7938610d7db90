"""The plugin itself: which executors there are, and the session with the host."""

from __future__ import annotations

import inspect
import os
import stat
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ._errors import Cancelled, TaskFailed
from ._launch import Channel
from ._task import Result, Task
from ._wire import Wire
from ._workspace import HOOKS, Workspace, perform

if TYPE_CHECKING:
    # It is a third of what this package takes to start, and only coroutines need it.
    import asyncio

_PROTOCOL = 0
_METHOD_NOT_FOUND, _INVALID_PARAMS, _SERVER_ERROR = -32601, -32602, -32000
_LAUNCH_DESCRIPTOR = 3

Handler = Callable[[Task, Any], "Result | None | Awaitable[Result | None]"]
_H = TypeVar("_H", bound=Handler)


@dataclass(frozen=True)
class Health:
    """What a health handler returns: healthy, degraded or unhealthy, and a word about it."""

    status: str = "healthy"
    detail: str | None = None


class Plugin:
    """Executors under one name. `name` and `version` are those of plugin.yaml."""

    def __init__(self, name: str, version: str = "0.0.0") -> None:
        self.name = name
        self.version = version
        #: For each executor its section of the host's config, less the keys that are the host's; after the start.
        self.config: Mapping[str, Mapping[str, Any]] = {}
        self._handlers: dict[str, Handler] = {}
        self._workspaces: dict[str, Workspace] = {}
        self._health: Callable[[], Health] = Health

    def executor(self, name: str) -> Callable[[_H], _H]:
        """Marks the function, or coroutine, that executes tasks for `name`; it gets the task and its payload.

        The payload has passed the schema of the manifest. Functions run in a thread each, coroutines on one loop.
        """

        def register(handler: _H) -> _H:
            if name in self._handlers:
                raise ValueError(f"executor {name} has a handler already")
            self._handlers[name] = handler
            return handler

        return register

    def workspace(self, name: str, workspace: Workspace) -> None:
        """Sets what makes and removes workspaces for the executor `name`; say `workspace: true` in its features."""
        self._workspaces[name] = workspace

    def health(self, function: Callable[[], Health]) -> Callable[[], Health]:
        """Marks the function that tells how the plugin is; without one it is healthy. It must not take long."""
        self._health = function
        return function

    def run(self) -> None:
        """Serves the host until it says shutdown or is gone, then ends the process."""
        session = _Session(self, Wire.over_stdio())
        code = session.serve()
        if session.was_busy:
            # Handlers that go on, and the threads that wait for their commands, would keep the interpreter, and the host
            # waits for a second only (M37).
            sys.stderr.flush()
            os._exit(code)
        sys.exit(code)

    def serve(self, wire: Wire) -> int:
        """Serves a host on this wire; answers the exit code that the process should have."""
        return _Session(self, wire).serve()


class _Session:
    """One run of the plugin's process."""

    def __init__(self, plugin: Plugin, wire: Wire) -> None:
        self._plugin = plugin
        self._wire = wire
        self._channel: Channel | None = None
        self._tasks: dict[str, _Execution] = {}
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        #: Whether handlers were at work when the session ended.
        self.was_busy = False

    def serve(self) -> int:
        """Handles requests until the session's end; then asks what runs to stop, without waiting for it."""
        try:
            for request in self._wire.requests():
                if not self._handle(request):
                    break
        except (ValueError, RecursionError) as error:
            print(f"{self._plugin.name}: the host sent no message: {error}", file=sys.stderr)
            return 65
        finally:
            with self._lock:
                executions = list(self._tasks.values())
            self.was_busy = bool(executions)
            for execution in executions:
                execution.cancel("shutdown")
            self._wire.close()
        return 0

    def _handle(self, request: dict[str, Any]) -> bool:
        """False after the request that ends the session."""
        identifier, method = request.get("id"), request.get("method")
        params = request.get("params", {})
        if identifier is None:
            if method == "credit" and isinstance(params, dict):
                self._renew(params)
            return True
        if not isinstance(params, dict):
            self._refuse(identifier, _INVALID_PARAMS, "params is no object")
        elif method in ("execute", "job/execute"):
            self._execute(identifier, params)
        elif method in HOOKS and params.get("executor") in self._plugin._workspaces:
            self._call(identifier, method, params)
        elif method == "cancel":
            self._answer(identifier, {"state": self._cancel(params.get("task"), params.get("reason"))})
        elif method == "health":
            self._answer(identifier, self._ask_health())
        elif method == "initialize":
            self._initialize(identifier, params)
        elif method == "shutdown":
            self._answer(identifier, {})
            return False
        else:
            self._refuse(identifier, _METHOD_NOT_FOUND, f"there is no method {method}")
        return True

    def _initialize(self, identifier: Any, params: Mapping[str, Any]) -> None:
        versions = params.get("protocol", {})
        low, high = versions.get("min", 0), versions.get("max", 0)
        if not low <= _PROTOCOL <= high:
            message = f"this plugin speaks protocol {_PROTOCOL}, the host {low} to {high}"
            return self._refuse(identifier, _SERVER_ERROR, message)
        self._plugin.config = params.get("config", {})
        self._wire.limit = params.get("max_frame_bytes", self._wire.limit)
        if params.get("launch") and _is_socket(_LAUNCH_DESCRIPTOR):
            self._channel = Channel(_LAUNCH_DESCRIPTOR)
        self._answer(
            identifier,
            {
                "protocol": _PROTOCOL,
                "name": self._plugin.name,
                "version": self._plugin.version,
                "executors": list(self._plugin._handlers),
                "credit": True,
            },
        )

    def _execute(self, identifier: Any, params: Mapping[str, Any]) -> None:
        handler = self._plugin._handlers.get(params.get("executor", ""))
        if handler is None or not isinstance(params.get("task"), str):
            return self._refuse(identifier, _INVALID_PARAMS, f"no executor {params.get('executor')}")
        task = Task(self._wire, self._channel, params)
        execution = _Execution(self, identifier, task, handler, params.get("payload"))
        with self._lock:
            self._tasks[task.id] = execution
        if inspect.iscoroutinefunction(handler):
            execution.start_on(self._event_loop())
        else:
            threading.Thread(target=execution.run, name=f"task-{task.id}", daemon=True).start()

    def _call(self, identifier: Any, method: str, params: Mapping[str, Any]) -> None:
        """A hook, in a thread: it may take long, and cancel and health must be answered meanwhile."""
        workspace = self._plugin._workspaces[params["executor"]]

        def run() -> None:
            try:
                self._answer(identifier, perform(workspace, method, params))
            except TaskFailed as failed:
                self._wire.send({"id": identifier, "error": _refusal(str(failed), failed.error)})
            except BaseException as error:  # whatever it is, the host must hear of it
                traceback.print_exception(error)
                message = f"{type(error).__name__}: {error}"
                self._wire.send({"id": identifier, "error": _refusal(message, _fault(message)["error"])})

        threading.Thread(target=run, name=method, daemon=True).start()

    def _renew(self, params: Mapping[str, Any]) -> None:
        with self._lock:
            execution = self._tasks.get(params.get("task", ""))
        if execution is not None:
            execution.task._renew(params.get("bytes", 0))

    def _cancel(self, task: Any, reason: Any) -> str:
        with self._lock:
            execution = self._tasks.get(task)
        if execution is None:
            return "unknown"
        return execution.cancel(reason)

    def _ask_health(self) -> dict[str, Any]:
        try:
            health = self._plugin._health()
        except Exception as error:  # whatever it is, the answer is that the plugin is not well
            return {"status": "unhealthy", "detail": f"{type(error).__name__}: {error}"}
        return {"status": health.status, **({} if health.detail is None else {"detail": health.detail})}

    def _event_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            import asyncio

            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="ostler-loop", daemon=True).start()
        return self._loop

    def finish(self, identifier: Any, task: Task, result: dict[str, Any]) -> None:
        """Answers a task once."""
        with self._lock:
            self._tasks.pop(task.id, None)
        if not task._settle():
            return
        try:
            self._answer(identifier, {"task": task.id, **result})
        except (TypeError, ValueError) as error:
            self._answer(identifier, {"task": task.id, **_fault(f"the handler's result cannot be sent: {error}")})

    def _answer(self, identifier: Any, result: dict[str, Any]) -> None:
        self._wire.send({"id": identifier, "result": result})

    def _refuse(self, identifier: Any, code: int, message: str) -> None:
        self._wire.send({"id": identifier, "error": {"code": code, "message": message}})


def _is_cancel(error: BaseException) -> bool:
    # Whoever raises the error of asyncio has loaded it.
    asyncio = sys.modules.get("asyncio")
    return isinstance(error, Cancelled) or asyncio is not None and isinstance(error, asyncio.CancelledError)


class _Execution:
    """A handler that runs, in a thread or as a coroutine."""

    def __init__(self, session: _Session, identifier: Any, task: Task, handler: Handler, payload: Any) -> None:
        self._session, self._identifier, self.task = session, identifier, task
        self._handler, self._payload = handler, payload
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Future[None] | None = None
        self._has_begun = False

    def start_on(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.call_soon_threadsafe(self._start)

    def cancel(self, reason: str | None) -> str:
        task = self.task
        if task._answered:
            return "too_late"
        task.cancel_reason = reason
        task.cancelled.set()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._interrupt)
        return "cancelling"

    def _start(self) -> None:
        import asyncio

        # Kept, since the loop holds tasks weakly.
        self._running = asyncio.ensure_future(self._await())

    def _interrupt(self) -> None:
        if not self._has_begun:
            # It would be ended before its first line, and could not answer.
            self._finish({"outcome": "cancelled", "exit_code": -1})
        if self._running is not None:
            self._running.cancel()

    def run(self) -> None:
        try:
            returned = self._handler(self.task, self._payload)
        except BaseException as error:  # SystemExit of a handler must not end the thread without an answer
            return self._finish(self._judge(error))
        self._finish(_succeeded(returned))

    async def _await(self) -> None:
        self._has_begun = True
        try:
            returned = await self._handler(self.task, self._payload)  # type: ignore[misc]
        except BaseException as error:
            self._finish(self._judge(error))
            return
        self._finish(_succeeded(returned))

    def _finish(self, result: dict[str, Any]) -> None:
        self._session.finish(self._identifier, self.task, result)

    def _judge(self, error: BaseException) -> dict[str, Any]:
        if _is_cancel(error) and self.task.cancelled.is_set():
            return {"outcome": "cancelled", "exit_code": -1}
        if isinstance(error, TaskFailed):
            return {"outcome": "failed", "exit_code": error.exit_code, "error": error.error}
        traceback.print_exception(error)
        return _fault(f"{type(error).__name__}: {error}")


def _succeeded(returned: object) -> dict[str, Any]:
    result = returned if isinstance(returned, Result) else Result()
    members: dict[str, Any] = {
        "outcome": "succeeded" if result.exit_code == 0 and result.signal is None else "failed",
        "exit_code": result.exit_code if result.signal is None else -1,
    }
    if result.signal is not None:
        members["signal"] = result.signal
    if result.usage is not None:
        members["usage"] = dict(result.usage)
    if result.metadata is not None:
        members["metadata"] = result.metadata
    return members


def _fault(message: str) -> dict[str, Any]:
    error = {"code": "executor_error", "fault": "executor", "retry": "never", "side_effects": "possible"}
    return {"outcome": "failed", "exit_code": -1, "error": {**error, "message": message}}


def _refusal(message: str, error: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": _SERVER_ERROR, "message": message, "data": error}


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False
