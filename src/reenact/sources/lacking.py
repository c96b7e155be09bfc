"""What the record of a run's code lacks, and where it can be had: it came with the run, or is where it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

from reenact.data.folders import Folder, digest_listing, find_kept_folder
from reenact.data.places import IN_RUN
from reenact.errors import RecordError
from reenact.plan import Snapshot
from reenact.records.files import find_kept_input, read_code, read_plan
from reenact.records.lookup import find_run
from reenact.records.types import Code, LeftOut
from reenact.run_folder import RunFolder
from reenact.world import World


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


def render_patch(folder: RunFolder, world: World) -> bytes | None:
    """How the code of the run differs from its commit, as it came with a run of the same code or as the store can tell;
    None where there is no commit.

    Raises:
        RecordError: the store does not have the code.
    """
    from reenact.sources.capture.store import open_store

    code = read_code(folder)
    if code is None or code.base is None:
        return None
    if (patch := find_patch(folder, world)) is not None:
        return patch.read_bytes()
    return open_store(world).render_diff(code.base, code.tree)


def find_patch(folder: RunFolder, world: World) -> Path | None:
    """The same as a file, where it came with the run or with one that it repeats."""
    code = read_code(folder)
    for each in list_repeated(folder, world):
        same = read_code(each)
        known = code is not None and same is not None and (same.tree, same.base) == (code.tree, code.base)
        if known and each.patch.exists():
            return each.patch
    return None


def find_original(folder: RunFolder, world: World) -> Path | None:
    """The top of the tree that the code was captured from, where it was used in place and still is there.

    That of a repetition is the original's, for they have the same tree.
    """
    first = _find_first(folder, world)
    if first is None:
        return None
    root, kept = first
    top = _climb(Path(os.path.realpath(root)), kept)
    return top if top.is_dir() else None


def find_inside(path: str, folder: RunFolder, world: World) -> str | None:
    """Where a recorded path lies in the captured tree; None where it lies elsewhere. Its top may be gone."""
    source, kept = get_source(folder)
    if path.startswith(IN_RUN):
        # The tree of a repetition is in its run's folder.
        own = f"{IN_RUN}{folder.code.name}/"
        return path.removeprefix(own) if path.startswith(own) and ".." not in path.split("/") else None
    if not path.startswith("/"):
        whole = os.path.normpath(os.path.join(kept.prefix, source.subdirectory, path))
        return None if whole.split("/")[0] == ".." else whole
    first = _find_first(folder, world)
    if first is None or ".." in path.split("/"):
        return None
    for root in (os.path.normpath(first[0]), os.path.realpath(first[0])):
        top = f"{_climb(Path(root), first[1])}/"
        if path.startswith(top):
            return path.removeprefix(top)
    return None


def _find_first(folder: RunFolder, world: World) -> tuple[str, Code] | None:
    """The folder that the code was used in, where it was used in place, and what was captured of it."""
    for each in list_repeated(folder, world):
        if (root := read_plan(each).source.root) is not None:
            return root, get_source(each)[1]
    return None


def _climb(root: Path, kept: Code) -> Path:
    """From the root of a source to the top of what was captured."""
    for _ in range(len(kept.prefix.split("/")) if kept.prefix else 0):
        root = root.parent
    return root


def list_missing(folder: RunFolder, world: World) -> Iterator[LeftOut]:
    """The files of the run's code that its record does not hold, and that are not what they were where they were."""
    _, kept = get_source(folder)
    for each in kept.left_out:
        if each.why in ("large", "unreadable") and find_left_out(each, folder, world) is None:
            yield each


def list_data(kept: Code) -> Iterator[LeftOut]:
    """What was left out and is data, most likely: what is too large to be code, and all that is ignored in a folder
    that is."""
    for each in kept.left_out:
        if each.why == "large" or (each.why == "ignored" and _is_in_data(each, kept)):
            yield each


def find_left_out(left: LeftOut, folder: RunFolder, world: World) -> Path | Folder | None:
    """What was left out, still as it was: what came with the run, or what is in the old place. Of ignored folders, only
    those in a folder of data are looked into."""
    is_folder = left.path.endswith("/")
    kept = find_kept_folder if is_folder else find_kept_input
    for each in list_repeated(folder, world):
        if (came := kept(each, left.digest)) is not None:
            return came
    original = find_original(folder, world)
    if original is None or left.digest is None:
        return None
    there = original / left.path
    if is_folder:
        return _find_folder(left, there, folder, world)
    return there if not there.is_symlink() and _digest(there, left.size) == left.digest else None


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


def _is_in_data(left: LeftOut, kept: Code) -> bool:
    heavy = [each.path for each in kept.left_out if each.why == "large" and each.path.endswith("/")]
    return left.digest is not None and any(left.path.startswith(path) for path in heavy)


def _find_folder(left: LeftOut, there: Path, folder: RunFolder, world: World) -> Folder | None:
    _, kept = get_source(folder)
    if left.why != "large" and not _is_in_data(left, kept):
        return None
    world.report.step("reading what is not in the record", left.path)
    files = {path: _digest(there / path) or "" for path in _list_files(left, there, kept, world)}
    world.report.done()
    return Folder(there, files) if digest_listing(files) == left.digest else None


def _list_files(left: LeftOut, there: Path, kept: Code, world: World) -> Iterator[str]:
    """The files that the capture counted to a folder, relative to it: neither in the captured tree, nor left out on
    their own."""
    from reenact.sources.capture.scan import scan
    from reenact.sources.capture.store import open_store

    tree = frozenset(open_store(world).list_tree(kept.tree))
    others = [each for each in kept.left_out if each.path != left.path and each.path.startswith(left.path)]
    known = tree.union(each.path for each in others)
    folders = tuple(each.path for each in others if each.why != "large" and each.path.endswith("/"))
    for path in scan(str(there)).files:
        whole = left.path + path
        if whole not in known and not whole.startswith(folders) and not whole.endswith("/.git"):
            yield path


def _digest(path: Path, size: int | None = None) -> str | None:
    """The digest of a file's content, of a link's target; None where there is none, or one of another size."""
    from reenact.data.content import Unread, read_content

    try:
        if path.is_symlink():
            return blake3(os.fsencode(os.readlink(path))).hexdigest()
        return read_content(path).digest if size in (None, os.stat(path).st_size) else None
    except (OSError, Unread):
        return None
