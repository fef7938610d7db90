#!/usr/bin/python3
"""A plugin on the Python SDK that is the broken twin of the check that its argument names, of those about commands."""
import os
import sys
from dataclasses import replace

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/lib")

from ostler_plugin import Plugin, Result, Task

BROKEN = sys.argv[1]
plugin = Plugin("launching-twin", version="0.1.0")


@plugin.executor("launching-twin")
def run(task: Task, payload: dict) -> Result:
    result = task.run(payload["argv"])
    if BROKEN == "M25-agreement" and result.exit_code == 1:
        return replace(result, exit_code=2)
    if BROKEN == "M44-descriptors":
        os.dup(0)
    return result


plugin.run()
