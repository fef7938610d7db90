"""Executor plugins for Ostler, with nothing but the standard library.

    from ostler_plugin import Plugin, Task

    plugin = Plugin("greet", version="1.0.0")

    @plugin.executor("greet")
    def greet(task: Task, payload: dict) -> None:
        task.write(f"hello {payload['name']}\\n")

    plugin.run()

A handler that returns has succeeded; one that raises `TaskFailed` has failed with what it says; any other exception is
told as the executor's own fault. Handlers may be coroutines. The contract behind it is the executor protocol, version 0.
"""

from ._errors import Cancelled, LaunchFailed, TaskFailed
from ._launch import Command, Exit
from ._plugin import Health, Plugin
from ._task import Result, Task
from ._workspace import Place, Workspace

__all__ = [
    "Cancelled",
    "Command",
    "Exit",
    "Health",
    "LaunchFailed",
    "Place",
    "Plugin",
    "Result",
    "Task",
    "TaskFailed",
    "Workspace",
]
__version__ = "0.1.0"
