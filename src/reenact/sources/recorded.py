"""The code of a run, as its record has it: ``run:ID``. The original may have changed, or be gone.

``run:ID:TREE`` is the same with another tree of the store in the place of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from reenact.errors import RecordError, SourceError
from reenact.files import make_folder
from reenact.plan import RUN_DIR_VARIABLE, Snapshot
from reenact.records.files import Code, LeftOut, find_kept_input, read_code, read_inputs, read_plan
from reenact.records.lookup import find_run, get_run
from reenact.run_folder import RunFolder
from reenact.size_limit import find_size_limit
from reenact.sources import Fetched, Kept, Wanted
from reenact.world import World

SCHEME = "run:"
IN_RUN = f"${RUN_DIR_VARIABLE}/"


def matches(uri: str, world: World) -> bool:
    """Whether ``uri`` names a run."""
    return uri.startswith(SCHEME)


def fetch(wanted: Wanted, code: Path, world: World) -> Fetched:
    """The files that the run had before it started, at ``code``.

    Of what was left out, files that were too large to be kept are linked to where they were, as long as they are what
    they were; small ignored files are copied from there, and so are recorded inputs. :func:`list_missing` says what
    cannot be had.

    Raises:
        SourceError: a version is asked for.
        RecordError: there is no such run, or its code was not kept.
    """
    from reenact.sources.capture.store import open_store

    if wanted.version is not None:
        raise SourceError("a run has its code at one version", hint="leave the version out")
    name, _, tree = wanted.uri.removeprefix(SCHEME).partition(":")
    folder = get_run(name, world)
    source, kept = get_source(folder)
    if tree:
        if not re.fullmatch("[0-9a-f]{40,64}", tree):
            raise SourceError(f"'{tree}' is no tree of the store")
        kept = kept._replace(tree=tree)
    open_store(world).restore(kept, code)
    for each in kept.left_out:
        if (there := find_left_out(each, folder, world)) is not None:
            _supply(each, there, code)
    inside = "/".join(part for part in (kept.prefix, source.subdirectory) if part)
    _supply_inputs(folder, code, inside)
    if (original := find_original(folder, world)) is not None:
        _supply_recorded(folder, original / inside, code / inside, find_size_limit(world.environ))
    snapshot = source._replace(root=None, prefix="", subdirectory=wanted.subdirectory or inside, tree=kept.tree)
    return Fetched(snapshot, code, kept._replace(prefix=""))


def keep(fetched: Fetched, world: World) -> Kept:
    """It is kept already."""
    return Kept(fetched.snapshot, fetched.code)


def get_source(folder: RunFolder) -> tuple[Snapshot, Code]:
    """Where a run's code came from, and what is kept of it.

    Raises:
        RecordError: it was not kept.
    """
    kept = read_code(folder)
    if kept is None:
        raise RecordError(
            f"the code of run {folder.id[:8]} was not kept",
            hint="git was not installed, or an older reenact recorded the run; run the project itself again",
        )
    return read_plan(folder).source, kept


def find_original(folder: RunFolder, world: World) -> Path | None:
    """The top of the tree that the code was captured from, where it was used in place and still is there.

    That of a repetition is the original's, for they have the same tree.
    """
    plan = read_plan(folder)
    if plan.source.root is None:
        first = find_run(plan.repeats, world) if plan.repeats else None
        return find_original(first, world) if first is not None else None
    _, kept = get_source(folder)
    top = Path(os.path.realpath(plan.source.root))
    for _ in range(len(kept.prefix.split("/")) if kept.prefix else 0):
        top = top.parent
    return top if top.is_dir() else None


def list_missing(folder: RunFolder, world: World) -> Iterator[LeftOut]:
    """The files of the run's code that its record does not hold, and that are not what they were where they were."""
    _, kept = get_source(folder)
    for each in kept.left_out:
        if each.why in ("large", "unreadable") and find_left_out(each, folder, world) is None:
            yield each


def find_left_out(left: LeftOut, folder: RunFolder, world: World) -> Path | None:
    """A file that was left out, still as it was: one that came with the run, or the one in its old place."""
    if (kept := find_kept_input(folder, left.digest)) is not None:
        return kept
    original = find_original(folder, world)
    return original / left.path if original is not None and is_there(left, original) else None


def is_there(left: LeftOut, original: Path) -> bool:
    """Whether a file that was left out is still what it was. Folders are not looked into."""
    from reenact.data.content import Unread, read_content

    path = original / left.path
    if left.digest is None or left.path.endswith("/") or path.is_symlink() or not path.is_file():
        return False
    try:
        return path.stat().st_size == left.size and read_content(path).digest == left.digest
    except (OSError, Unread):
        return False


def _supply(left: LeftOut, there: Path, code: Path) -> None:
    import shutil

    target = code / left.path
    if target.exists() or not target.parent.is_dir() or _may_be_secret(left.path):
        return
    if left.why == "large":
        target.symlink_to(there)
    elif left.why == "ignored":
        shutil.copyfile(there, target)


def _supply_inputs(folder: RunFolder, code: Path, inside: str) -> None:
    """Copy the inputs that came with the run to where the command will look for them: beside the code, or in the new
    run's folder, which the code is in. Nothing is written over, and nothing outside of the two."""
    import shutil

    for each in read_inputs(folder):
        kept = find_kept_input(folder, each.digest)
        if kept is None or each.path.startswith("/"):
            continue
        base = code.parent if each.path.startswith(IN_RUN) else code
        target = base / ("" if base != code else inside) / each.path.removeprefix(IN_RUN)
        place = Path(os.path.realpath(target))
        if place.is_relative_to(os.path.realpath(base)) and not os.path.lexists(target):
            make_folder(place.parent)
            shutil.copyfile(kept, place)


def _supply_recorded(folder: RunFolder, original: Path, project: Path, limit: int) -> None:
    """What the code lacks of the project's own recorded inputs, as long as it is where it was and what it was: copied,
    or linked if it is large."""
    import shutil

    from reenact.data.content import Unread, read_content

    for each in read_inputs(folder):
        path, target = original / each.path, project / each.path
        if each.digest is None or each.path.startswith(("/", IN_RUN, "../")) or os.path.lexists(target):
            continue
        try:
            unchanged = read_content(path).digest == each.digest
        except Unread:
            continue
        place = Path(os.path.realpath(target))
        if unchanged and place.is_relative_to(os.path.realpath(project)):
            make_folder(place.parent)
            if (each.size or 0) > limit:
                place.symlink_to(path)
            else:
                shutil.copyfile(path, place)


def _may_be_secret(path: str) -> bool:
    return path.rpartition("/")[2].startswith(".env")
