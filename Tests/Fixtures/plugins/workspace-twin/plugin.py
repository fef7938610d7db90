#!/usr/bin/python3
"""A plugin on the Python SDK that is the broken twin of the check that its argument names, of those about workspaces."""
import os
import shutil
import sys
import threading
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/lib")

from ostler_plugin import Health, Plugin, Task, TaskFailed, Workspace

BROKEN = sys.argv[1]
STATE = Path("/state")
plugin = Plugin("workspace-twin", version="0.1.0")
# Each process may have a user id of its own.
os.umask(0)
known = set()
asked = threading.Event()


def directory(place):
    return STATE / place.id


class Directories(Workspace):
    def setup(self, place, spec):
        directory(place).mkdir()
        known.add(place.id)
        if BROKEN == "M60-busy":
            # Until somebody asks how it is, which nobody may; many short waits, since a busy machine makes them longer.
            for _ in range(50):
                if asked.wait(0.01):
                    break
        return "x" * 65_600 if BROKEN == "M54-handle" else {"of": place.id}

    def setup_job(self, place, spec):
        if BROKEN == "M55-restart" and place.id not in known:
            raise TaskFailed("this process has set up no such workspace")
        (directory(place) / place.job).mkdir()
        if BROKEN == "M59-jobs":
            (directory(place) / "current").write_text(place.job)

    def cleanup_job(self, place):
        self.look(place)
        if BROKEN == "M57-again" and not (directory(place) / place.job).exists():
            raise TaskFailed("there is no such job")
        shutil.rmtree(directory(place) / place.job, ignore_errors=True)

    def cleanup(self, place):
        self.look(place)
        shutil.rmtree(directory(place), ignore_errors=True)

    def look(self, place):
        if BROKEN == "M56-lost" and place.handle is None:
            raise TaskFailed("which workspace?")

    def save(self, place, name, path):
        return {"name": name, "path": path}

    def restore(self, place, name, path, artifact):
        if BROKEN == "M53-hooks":
            threading.Event().wait()


plugin.workspace("workspace-twin", Directories())


@plugin.health
def health():
    # The thread of a hook bears its name from the moment on at which its request was read.
    if BROKEN == "M60-busy" and any(thread.name == "workspace/setup" for thread in threading.enumerate()):
        asked.set()
        threading.Event().wait()
    return Health()


@plugin.executor("workspace-twin")
def run(task: Task, payload: dict) -> None:
    if BROKEN == "M59-jobs" and (directory(task.place) / "current").read_text() != task.place.job:
        raise TaskFailed("another job has begun")
    task.write(payload["text"] + "\n")
    if payload.get("wait"):
        task.cancelled.wait()
        task.check()


plugin.run()
