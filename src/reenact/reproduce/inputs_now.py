"""Whether what a recorded run has read is still there, and still what it was: to be told before it runs again."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from reenact.data.inputs import Answer, record_inputs
from reenact.data.places import IN_RUN, Site
from reenact.project.paths import is_remote
from reenact.records.files import InputFile, Record
from reenact.report import Silence
from reenact.run_folder import RunFolder
from reenact.sources.lacking import find_kept, find_original
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
    site = Site(_find_project(record, folder, world), folder.path, world.home.root)
    concerned = [
        file
        for file in record.inputs
        if not is_remote(file.path)
        and not file.path.startswith(IN_RUN)
        and file.digest is not None
        and find_kept(folder, file.digest, world) is None
        and not any(f"{site.locate(file.path)}/".startswith(f"{path}/") for path in moot)
        and _is_outside(file, record)
    ]
    if not concerned:
        return InputsNow()
    quiet = world._replace(report=Silence())
    now = {file.path: file for file in record_inputs(record.plan, site, quiet, lambda _: Answer())}
    gone = [file.path for file in concerned if not os.path.exists(site.locate(file.path))]
    changed = [file.path for file in concerned if file.path not in gone and _differs(file, now.get(file.path))]
    return InputsNow(tuple(gone), tuple(changed))


def _find_project(record: Record, folder: RunFolder, world: World) -> Path:
    """The project's folder in the tree that the code was captured from; one that does not exist where that is gone."""
    original = find_original(folder, world) if record.code is not None else None
    source = record.plan.source
    prefix = record.code.prefix if record.code is not None else ""
    top = original if original is not None else folder.path / "gone"
    return Path(os.path.normpath(top / prefix / source.subdirectory))


def _is_outside(file: InputFile, record: Record) -> bool:
    """Whether the record of the code does not have it."""
    if file.path.startswith("/") or record.code is None:
        return True
    prefix, inside = record.code.prefix, record.plan.source.subdirectory
    path = os.path.normpath("/".join(part for part in (prefix, inside, file.path) if part))
    return path.startswith("../") or any(
        path == left.path.rstrip("/") or path.startswith(f"{left.path.rstrip('/')}/") for left in record.code.left_out
    )


def _differs(before: InputFile, now: InputFile | None) -> bool:
    return now is not None and now.digest != before.digest
