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
        source = source._replace(commit=None, branch=None, dirty=None)
    open_store(world).restore(kept, code)
    for each in kept.left_out:
        if (there := find_left_out(each, folder, world)) is not None:
            _supply(each, there, code, _list_known(kept, world) if each.path.endswith("/") else frozenset())
    inside = "/".join(part for part in (kept.prefix, source.subdirectory) if part)
    _supply_inputs(folder, code, inside, world)
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
    for each in list_repeated(folder, world):
        if (root := read_plan(each).source.root) is not None:
            break
    else:
        return None
    _, kept = get_source(each)
    top = Path(os.path.realpath(root))
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
    """What was left out, still as it was: what came with the run, or what is in the old place."""
    if (kept := find_kept(folder, left.digest, world)) is not None:
        return kept
    original = find_original(folder, world)
    if original is None or left.digest is None:
        return None
    there = original / left.path
    if left.path.endswith("/"):
        # Of folders, only those that were too large are looked into.
        found = _digest_folder(left.path, there, folder, world) if left.why == "large" else None
    else:
        found = None if there.is_symlink() else _digest(there, left.size)
    return there if found == left.digest else None


def find_kept(folder: RunFolder, digest: str | None, world: World) -> Path | None:
    """The input with this digest that came with the run, or with one that it repeats."""
    return next(filter(None, (find_kept_input(each, digest) for each in list_repeated(folder, world))), None)


def list_repeated(folder: RunFolder, world: World) -> Iterator[RunFolder]:
    """The run, the one that it repeats, and so on to the first; each once, also in a forged circle."""
    seen: set[str] = set()
    while folder.id not in seen:
        seen.add(folder.id)
        yield folder
        repeats = read_plan(folder).repeats
        first = find_run(repeats, world) if repeats else None
        if first is None:
            return
        folder = first


def _digest(path: Path, size: int | None = None) -> str | None:
    """The digest of a file's content; None where there is none, or one of another size."""
    from reenact.data.content import Unread, read_content

    try:
        return read_content(path).digest if size in (None, os.stat(path).st_size) else None
    except (OSError, Unread):
        return None


def _digest_folder(name: str, there: Path, folder: RunFolder, world: World) -> str:
    from reenact.sources.capture.excess import digest_folder

    _, kept = get_source(folder)
    world.report.step("reading what is not in the record", name)
    digests = {name + path: _digest(there / path) for path in _list_beside(name, there, _list_known(kept, world))}
    world.report.done()
    return digest_folder(name, digests)


def _list_known(kept: Code, world: World) -> frozenset[str]:
    """What is in the captured tree, or left out on its own."""
    from reenact.sources.capture.store import open_store

    return frozenset(open_store(world).list_tree(kept.tree)).union(each.path for each in kept.left_out)


def _list_beside(name: str, there: Path, known: frozenset[str]) -> list[str]:
    """The files of a folder, relative to it, that are not known."""
    from reenact.sources.capture.scan import scan

    return [path for path in scan(str(there)).files if name + path not in known]


def _supply(left: LeftOut, there: Path, code: Path, known: frozenset[str]) -> None:
    if left.path.endswith("/"):
        # Each file on its own, so that what the command writes beside them is not written there.
        for path in _list_beside(left.path, there, known):
            target = code / left.path / path
            make_folder(target.parent)
            target.symlink_to(there / path)
        return
    import shutil

    target = code / left.path
    if target.exists() or not target.parent.is_dir() or _may_be_secret(left.path):
        return
    if left.why == "large":
        target.symlink_to(there)
    elif left.why == "ignored":
        shutil.copyfile(there, target)


def _supply_inputs(folder: RunFolder, code: Path, inside: str, world: World) -> None:
    """Copy the inputs that came with the run to where the command will look for them: beside the code, or in the new
    run's folder, which the code is in. Nothing is written over, and nothing outside of the two."""
    import shutil

    for each in read_inputs(folder):
        kept = find_kept(folder, each.digest, world)
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
