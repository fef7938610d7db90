#!/usr/bin/python3
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

from ostler_plugin import Plugin, Task

plugin = Plugin("echo", version="0.1.0")


@plugin.executor("echo")
def echo(task: Task, payload: dict) -> None:
    task.write(payload["text"])


plugin.run()
