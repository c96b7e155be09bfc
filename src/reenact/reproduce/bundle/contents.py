"""What of a run goes into a bundle: its record, its code, its packages, what it left."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from reenact.codec import encode
from reenact.environments.local_code import list_entries
from reenact.records.files import read_code, read_inputs, read_outputs, read_plan
from reenact.records.types import InputFile
from reenact.reproduce.bundle.account import DataFile
from reenact.reproduce.bundle.manifest import EXECUTABLE, FILE, LINK, MADE, OWN, RECORD_FILE, Entry
from reenact.reproduce.bundle.packages import Gathered
from reenact.reproduce.bundle.writing import Member
from reenact.run_folder import RunFolder
from reenact.sources.lacking import render_patch
from reenact.values import NamedTuple
from reenact.world import World


class Wanted(NamedTuple):
    """What goes in beside record and code; ``crate``: what others will read of it is checked before it is written."""

    packages: bool = False
    inputs: bool = False
    outputs: bool = False
    crate: bool = False


def list_record(folder: RunFolder, world: World) -> Iterator[Member]:
    """The files of the run folder itself; and how the code differs from its commit, which does not go along."""
    with os.scandir(folder.path) as scan:
        for entry in scan:
            plain = entry.is_file(follow_symlinks=False) and re.fullmatch(RECORD_FILE, entry.name)
            if plain and entry.name not in OWN:
                yield Member(f"record/{entry.name}", Path(entry.path))
    if not folder.patch.exists() and (patch := render_patch(folder, world)) is not None:
        yield Member(f"record/{folder.patch.name}", patch)


def list_packages(gathered: Gathered) -> Iterator[Member]:
    """The packages, each below its digest; the copies of local code; what stands for what."""
    for path in gathered.files:
        yield Member(f"packages/{path.parent.name}/{path.name}", path)
    for digest, tree in gathered.trees.items():
        for entry in list_entries(tree, tree):
            yield make_member(f"packages/trees/{digest}/{entry.path}", tree / entry.path)
    if gathered.made:
        yield Member(f"packages/{MADE}", encode(dict(sorted(gathered.made.items()))))


def list_tree(root: Path, name: str) -> Iterator[Member]:
    """Every file and link below ``root``, as members below ``name``. Links are not followed."""
    for folder, folders, files in os.walk(root):
        links = [each for each in folders if os.path.islink(os.path.join(folder, each))]
        for each in (*files, *links):
            path = Path(folder, each)
            if path.is_symlink() or path.is_file():
                yield make_member(f"{name}/{path.relative_to(root).as_posix()}", path)


def make_member(name: str, path: Path) -> Member:
    """A file or a link as a member."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return Member(name, os.fsencode(os.readlink(path)), LINK)
    return Member(name, path, EXECUTABLE if mode & 0o100 else FILE)


def list_outputs(folder: RunFolder) -> Iterator[Member]:
    """What the run left: copies of declared outputs, and its artifacts."""
    for place in (folder.outputs, folder.artifacts):
        yield from list_tree(place, place.name)


def describe_inputs(folder: RunFolder, entries: Iterable[Entry]) -> tuple[DataFile, ...]:
    """The inputs, with their members: on their own, or in the code."""
    members = {entry.name: entry for entry in entries}
    code, source = read_code(folder), read_plan(folder).source
    project = f"code/{code.prefix if code is not None else ''}/{source.subdirectory}"

    def describe(each: InputFile) -> DataFile:
        inside = members.get(os.path.normpath(f"{project}/{each.path}"))
        same = inside if inside is not None and inside.blake3 == each.digest else None
        return DataFile(each.path, each.size, each.digest, members.get(f"inputs/{each.digest}", same), each.origin)

    return tuple(map(describe, read_inputs(folder)))


def describe_outputs(folder: RunFolder, entries: Iterable[Entry]) -> tuple[DataFile, ...]:
    """The outputs, with their members."""
    members = {entry.name: entry for entry in entries}
    return tuple(
        DataFile(each.path, each.size, each.digest, members.get(each.kept) if each.kept else None)
        for each in read_outputs(folder)
    )
