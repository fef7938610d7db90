"""What a handler raises."""

from __future__ import annotations

import errno
import os
from typing import Any

# Stages of a launch at which the caller's own words are to blame; the others are the sandbox's.
_STAGE_REQUEST, _STAGE_CWD, _STAGE_PROGRAM = 1, 16, 17


class TaskFailed(Exception):
    """The work was done and has failed, or could not be done; the task's outcome is `failed`.

    code: stable, snake_case; one that ends in `_denied` makes the outcome `denied`.
    fault: whose it is: user, task, executor, host, sandbox or infra.
    retry: never, same, other_node or after.
    side_effects: none, possible or done.
    pointer: the JSON pointer of the member of the payload that is at fault.
    hint: what to do.
    exit_code: -1 where nothing had an exit code.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "executor_error",
        fault: str = "task",
        retry: str = "never",
        side_effects: str = "possible",
        pointer: str | None = None,
        hint: str | None = None,
        exit_code: int = 1,
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.error: dict[str, Any] = {
            "code": code,
            "fault": fault,
            "retry": retry,
            "side_effects": side_effects,
            "message": message,
        }
        if pointer is not None:
            self.error["pointer"] = pointer
        if hint is not None:
            self.error["hint"] = hint


class Cancelled(Exception):
    """The host has asked that the task end; `Task.check` raises it. Its outcome becomes `cancelled`."""


class LaunchFailed(TaskFailed):
    """A command was not started; nothing of it ran.

    stage: where it failed, a number of the protocol's section 8; err: an errno; layer: what could not be had, or -1.
    """

    def __init__(self, program: str, stage: int, err: int, layer: int, detail: str) -> None:
        code, fault = "launch_failed", "sandbox"
        if stage == _STAGE_PROGRAM and err == errno.EPERM:
            code, fault = "command_denied", "user"
        elif stage == _STAGE_PROGRAM and err == errno.ENOENT:
            code, fault = "command_not_found", "user"
        elif stage == _STAGE_PROGRAM:
            code, fault = "command_not_executable", "user"
        elif stage == _STAGE_CWD:
            code, fault = "working_dir_not_usable", "user"
        elif stage == _STAGE_REQUEST:
            fault = "executor"
        message = f"{program} was not started: {detail or 'stage ' + str(stage)}: {os.strerror(err)}"
        super().__init__(message, code=code, fault=fault, side_effects="none", exit_code=-1)
        self.stage, self.err, self.layer = stage, err, layer
