"""Put beside the restored code of a run what its record lacks: data that came with the run or is where it was."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from reenact.data.content import Unread, read_content
from reenact.data.folders import Folder, digest_listing, find_kept_folder
from reenact.data.inputs import list_folder
from reenact.data.places import IN_RUN, Site
from reenact.files import make_folder
from reenact.hints import Literal
from reenact.records.files import read_inputs, read_plan
from reenact.records.types import InputFile, LeftOut
from reenact.run_folder import RunFolder
from reenact.size_limit import find_size_limit
from reenact.sources.lacking import find_inside, find_kept, find_left_out, find_original, get_source, list_repeated
from reenact.world import World

Way = Literal["copy", "link", "share"]
"""To put a file somewhere else: a copy, a symbolic link, or the same file once more, a copy where that cannot be."""


def supply_left_out(folder: RunFolder, code: Path, world: World) -> None:
    """What was left out of the code: what was too large, linked; small files that are ignored, copied."""
    _, kept = get_source(folder)
    for each in kept.left_out:
        found, target = find_left_out(each, folder, world), code / each.path
        if isinstance(found, Folder):
            _put_folder(found, target, code, _choose(each, found.place, folder, world))
        elif found is not None and each.why == "large":
            _put_file(found, target, code, _choose_link(found, folder, world))
        elif found is not None and target.parent.is_dir() and not may_be_secret(each.path):
            _put_file(found, target, code, "copy")


def supply_inputs(folder: RunFolder, code: Path, world: World) -> None:
    """The inputs that came with the run, where the command will look for them: beside the code, or in the new run's
    folder, which the code is in. Nothing is written over, and nothing outside of the two."""
    for each in read_inputs(folder):
        base, inside = code, find_inside(each.path, folder, world)
        if inside is None and each.path.startswith(IN_RUN):
            base, inside = code.parent, each.path.removeprefix(IN_RUN)
        if inside is None:
            continue
        if each.path.endswith("/"):
            kept = (find_kept_folder(run, each.digest) for run in list_repeated(folder, world))
            if (came := next(filter(None, kept), None)) is not None:
                _put_folder(came, base / inside, base, _choose(each, came.place, folder, world))
        elif (file := find_kept(folder, each.digest, world)) is not None:
            _put_file(file, base / inside, base, "copy")


def supply_recorded(folder: RunFolder, code: Path, world: World) -> None:
    """What the code lacks of the recorded inputs in the project's tree, as long as it is where it was and what it was:
    copied, or linked if it is large."""
    original = find_original(folder, world)
    if original is None:
        return
    for each in read_inputs(folder):
        inside = find_inside(each.path, folder, world)
        if each.digest is None or inside is None:
            continue
        path, target = original / inside, code / inside
        way = _choose(each, path, folder, world)
        if each.path.endswith("/"):
            site = Site(original, folder.path, world.home.root)
            files = list_folder(path, site, world) if path.is_dir() else {}
            if digest_listing(files) == each.digest:
                _put_folder(Folder(path, files), target, code, way)
        elif not os.path.lexists(target):
            with suppress(Unread):
                if read_content(path).digest == each.digest:
                    _put_file(path, target, code, way)


def may_be_secret(path: str) -> bool:
    """Whether a file that is ignored is likely to hold what nobody else should have."""
    return path.rpartition("/")[2].startswith(".env")


def _choose(each: InputFile | LeftOut, path: Path, folder: RunFolder, world: World) -> Way:
    return _choose_link(path, folder, world) if (each.size or 0) > find_size_limit(world.environ) else "copy"


def _choose_link(path: Path, folder: RunFolder, world: World) -> Way:
    """How to link to a file: what came with a run is ours, what is in its old place is the user's. Into a container no
    link leads, and what the command writes there must not be the user's own file: that is copied."""
    if path.is_relative_to(world.home.runs):
        return "share"
    return "copy" if read_plan(folder).environment.kind == "docker" else "link"


def _put_folder(found: Folder, target: Path, base: Path, way: Way) -> None:
    """Each file on its own, so that what the command writes beside them is not written there."""
    places: dict[str, Path | None] = {}
    for path in found.files:
        folder, _, name = path.rpartition("/")
        if folder not in places:
            places[folder] = _find_place(target / folder, base)
        place = places[folder]
        if place is not None and os.path.lexists(f"{found.place}/{path}"):
            _put(f"{found.place}/{path}", f"{place}/{name}", way)


def _put_file(source: Path, target: Path, base: Path, way: Way) -> None:
    place = None if os.path.lexists(target) else _find_place(target.parent, base)
    if place is not None:
        _put(str(source), f"{place}/{target.name}", way)


def _find_place(folder: Path, base: Path) -> Path | None:
    """A folder to put files in, made if it is not there; None where links lead out of ``base``, or among git's own,
    where a file may be a program that git starts."""
    place, inside = Path(os.path.realpath(folder)), os.path.realpath(base)
    if not place.is_relative_to(inside) or any(map(_is_git, place.relative_to(inside).parts)):
        return None
    return make_folder(place)


def _is_git(name: str) -> bool:
    return name.lower() == ".git"


def _put(source: str, place: str, way: Way) -> None:
    """A file where none is."""
    if os.path.lexists(place) or _is_git(os.path.basename(place)):
        return
    if way == "link":
        os.symlink(source, place)
    elif way == "copy" or not _share(source, place):
        shutil.copyfile(source, place)


def _share(source: str, place: str) -> bool:
    """Make the two the same file; whether that is possible."""
    try:
        os.link(source, place)
    except OSError:
        return False
    return True
