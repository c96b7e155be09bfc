"""The inputs of a run in its bundle: each content under its digest (BLAKE3), whichever paths lead to it. Of a folder
goes also the text that its digest is of; it says which contents lie where."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from reenact.data.folders import MOST, Folder, digest_listing, find_kept_folder, list_contents, render_listing
from reenact.data.inputs import list_folder
from reenact.data.places import IN_RUN, Site
from reenact.files import digest_file
from reenact.records.files import find_kept_input, find_project_folder, read_code, read_inputs
from reenact.records.types import InputFile, LeftOut
from reenact.reproduce.bundle.writing import Member
from reenact.run_folder import RunFolder
from reenact.sources.lacking import find_left_out, list_data
from reenact.sources.supply import may_be_secret
from reenact.values import NamedTuple
from reenact.world import World


class Gathered(NamedTuple):
    """``members`` by their digests; what is ``lacking``, in words; and what goes although it is ``ignored`` by git."""

    members: dict[str, Member]
    lacking: list[str]
    ignored: list[str]


def gather_inputs(folder: RunFolder, project: Path, world: World) -> Gathered:
    """The inputs that the code does not have, and what is data beside it. ``project`` is the code as it is kept."""
    gathering = _Gathering(folder, project, world)
    for each in read_inputs(folder):
        gathering.take_input(each)
    code = read_code(folder)
    for left in list_data(code) if code is not None else ():
        gathering.take_left_out(left)
    return gathering.gathered


class _Gathering:
    """One call of :func:`gather_inputs`."""

    def __init__(self, folder: RunFolder, project: Path, world: World) -> None:
        self._folder = folder
        self._project = project
        self._world = world
        self.gathered = Gathered({}, [], [])

    def take_input(self, wanted: InputFile) -> None:
        """An input, from this machine, if it is still as it was."""
        if wanted.digest is None:
            self._lack(f"the input {wanted.path}, whose content is not in the record either")
        elif (found := self._find(wanted)) is None:
            self._lack(f"the input {wanted.path}, which is not what it was, or not here")
        elif isinstance(found, Folder):
            if not found.place.is_relative_to(self._project):
                self._take_folder(wanted.path, wanted.digest, found)
        elif not found.is_relative_to(self._project):
            self._take(wanted.digest, found)

    def take_left_out(self, left: LeftOut) -> None:
        """What the code lacks of a folder of data, or a file that is too large to be code."""
        found = find_left_out(left, self._folder, self._world)
        if found is None:
            self._lack(f"{left.path}, which is not what it was, or not here")
        elif left.why == "ignored" and (reason := _find_reason(left, found)):
            self._lack(f"{left.path}, which git ignores: {reason}")
        else:
            if left.why == "ignored":
                self.gathered.ignored.append(left.path)
            if isinstance(found, Folder):
                self._take_folder(left.path, str(left.digest), found)
            else:
                self._take(str(left.digest), found)

    def _lack(self, what: str) -> None:
        self.gathered.lacking.append(what)

    def _take(self, digest: str, path: Path) -> None:
        self.gathered.members.setdefault(digest, Member(f"inputs/{digest}", path))

    def _take_folder(self, name: str, digest: str, found: Folder) -> None:
        if len(found.files) > MOST:
            self._lack(f"{name}, which has more than {MOST:,} files")
            return
        self.gathered.members[digest] = Member(f"inputs/{digest}", render_listing(found.files))
        contents = list_contents(found.files)
        for path, content in contents.items():
            self._take(content, found.place / path)
        if unread := [path for path in found.files if path not in contents]:
            self._lack(f"{name.rstrip('/')}/{unread[0]}, which could not be read ({len(unread)} in {name})")

    def _find(self, wanted: InputFile) -> Path | Folder | None:
        """Where the input is, still as it was; in the code as it is kept, if it is there."""
        if wanted.path.endswith("/"):
            return self._find_folder(wanted)
        for path in self._list_places(wanted):
            if path.is_file() and digest_file(path) == wanted.digest:
                return path
        return None

    def _find_folder(self, wanted: InputFile) -> Folder | None:
        site = Site(find_project_folder(self._folder), self._folder.path, self._world.home.root)
        kept = find_kept_folder(self._folder, wanted.digest)
        for place in self._list_places(wanted):
            if kept is not None and place == kept.place:
                files = {path: _look_again(place / path, found) for path, found in kept.files.items()}
            else:
                files = list_folder(place, site, self._world) if place.is_dir() else {}
            if digest_listing(files) == wanted.digest:
                return Folder(place, files)
        return None

    def _list_places(self, wanted: InputFile) -> Iterator[Path]:
        inside = wanted.path.removeprefix(IN_RUN)
        if "://" in wanted.path:
            return
        if inside == wanted.path and not wanted.path.startswith("/"):
            yield Path(os.path.normpath(self._project / wanted.path))
        if kept := find_kept_input(self._folder, wanted.digest):
            yield kept
        if inside != wanted.path:
            yield self._folder.path / inside
        else:
            yield find_project_folder(self._folder) / wanted.path


def _look_again(path: Path, found: str) -> str:
    """What is in the listing of a folder that came with the run, if it is still there."""
    if not path.is_file():
        return "" if list_contents({"": found}) else found
    return digest_file(path)


def _find_reason(left: LeftOut, found: Path | Folder) -> str | None:
    """Why something that git ignores is not handed on, or None."""
    files = found.files if isinstance(found, Folder) else {left.path: ""}
    if any(map(may_be_secret, files)):
        return "it may hold a secret"
    if isinstance(found, Folder) and any((found.place / path).is_symlink() for path in files):
        return "there are links in it"
    return None
