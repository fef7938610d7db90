"""Workspaces: what jobs are executed in (section 12 of the protocol)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HOOKS = (
    "workspace/setup",
    "job/setup",
    "job/cleanup",
    "workspace/cleanup",
    "artifact/save",
    "artifact/restore",
)


@dataclass(frozen=True)
class Place:
    """Where in a workspace something happens.

    id: of the workspace, unique for ever; handle: what `Workspace.setup` returned, None if that was never heard of;
    job: the name of the job, None for what concerns all of the workspace.
    """

    id: str
    handle: Any = None
    job: str | None = None

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> Place:
        """The place that a message names."""
        return cls(members["id"], members.get("handle"), members.get("job"))


class Workspace:
    """What makes and removes the workspaces of an executor; a subclass overrides what it has use for.

    The process may be another one at each call, so nothing may be kept in it. What cleans up is called again when it is
    not known whether it has worked, and without a handle when the answer of `setup` was lost: it must find what there is
    by `place.id` and `place.job`, and succeed where there is nothing.
    """

    def setup(self, place: Place, spec: Any) -> Any:
        """Makes the workspace; returns the handle, any JSON of up to 64 KiB."""

    def setup_job(self, place: Place, spec: Any) -> None:
        """Makes what a job needs."""

    def cleanup_job(self, place: Place) -> None:
        """Removes what a job has left."""

    def cleanup(self, place: Place) -> None:
        """Removes all of the workspace."""

    def save(self, place: Place, name: str, path: str) -> Any:
        """Keeps what lies at `path` of the job; returns what `restore` is to be told, any JSON of up to 64 KiB."""

    def restore(self, place: Place, name: str, path: str, artifact: Any) -> None:
        """Puts what `save` kept at `path` of the job."""


def perform(workspace: Workspace, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Calls the hook of a request; the members of its result."""
    place = Place.read(params["workspace"])
    if method == "workspace/setup":
        return {"handle": workspace.setup(place, params.get("spec"))}
    if method == "job/setup":
        workspace.setup_job(place, params.get("spec"))
    elif method == "job/cleanup":
        workspace.cleanup_job(place)
    elif method == "workspace/cleanup":
        workspace.cleanup(place)
    elif method == "artifact/save":
        return {"artifact": workspace.save(place, params["name"], params["path"])}
    else:
        workspace.restore(place, params["name"], params["path"], params.get("artifact"))
    return {}
