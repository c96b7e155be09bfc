"""Whether what a recorded run has read is still there, and still what it was: to be told before it runs again."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from reenact.data.inputs import Answer, record_inputs
from reenact.data.places import IN_RUN, Site
from reenact.project.paths import is_remote
from reenact.records.types import InputFile, Record
from reenact.report import Silence
from reenact.run_folder import RunFolder
from reenact.sources.lacking import find_inside, find_kept, find_original
from reenact.values import NamedTuple
from reenact.world import World


class InputsNow(NamedTuple):
    """Recorded inputs that a repetition will not find, or will find with another content."""

    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def look_at_inputs(record: Record, replaced: Collection[str], world: World) -> InputsNow:
    """What has become of the inputs; ``replaced`` are parameters that are given other values this time.

    The project's own inputs come with its code, or from where they were. What is downloaded is not looked at, nor what
    came with the run in a bundle.
    """
    folder = RunFolder(Path(record.run.folder))
    moot = {value.path for value in record.plan.path_values if value.parameter in replaced}
    top = find_original(folder, world) if record.code is not None else None
    site = Site(_find_project(record, top or folder.path / "gone"), folder.path, world.home.root)
    concerned = [
        file
        for file in record.inputs
        if not is_remote(file.path)
        and not _is_downloaded(file, record, world)
        and file.digest is not None
        and find_kept(folder, file.digest, world) is None
        and not any(f"{site.locate(file.path)}/".startswith(f"{path}/") for path in moot)
        and _is_outside(file, record, world)
    ]
    if not concerned:
        return InputsNow()
    quiet = world._replace(report=Silence())
    now = {file.path: file for file in record_inputs(record.plan, site, quiet, lambda _: Answer())}
    gone = [file.path for file in concerned if not os.path.exists(_locate(file, record, site, world))]
    changed = [file.path for file in concerned if file.path not in gone and _differs(file, now.get(file.path))]
    return InputsNow(tuple(gone), tuple(changed))


def _find_project(record: Record, top: Path) -> Path:
    """The project's folder in the tree that the code was captured from, whose top may not exist."""
    prefix = record.code.prefix if record.code is not None else ""
    return Path(os.path.normpath(top / prefix / record.plan.source.subdirectory))


def _locate(file: InputFile, record: Record, site: Site, world: World) -> Path:
    """Where the input was; what a repetition had in its own folder is where the first run had it."""
    if not file.path.startswith(IN_RUN):
        return site.locate(file.path)
    folder = RunFolder(Path(record.run.folder))
    top = find_original(folder, world) or folder.path / "gone"
    return top / (find_inside(file.path, folder, world) or "")


def _is_downloaded(file: InputFile, record: Record, world: World) -> bool:
    """Whether it is in the run's folder, and there not in the tree of a repetition."""
    if not file.path.startswith(IN_RUN):
        return False
    return record.code is None or find_inside(file.path, RunFolder(Path(record.run.folder)), world) is None


def _is_outside(file: InputFile, record: Record, world: World) -> bool:
    """Whether the record of the code does not have it."""
    if record.code is None:
        return True
    path = find_inside(file.path, RunFolder(Path(record.run.folder)), world)
    return path is None or any(
        path == left.path.rstrip("/") or path.startswith(f"{left.path.rstrip('/')}/") for left in record.code.left_out
    )


def _differs(before: InputFile, now: InputFile | None) -> bool:
    return now is not None and now.digest != before.digest
