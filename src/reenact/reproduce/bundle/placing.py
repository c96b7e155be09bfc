"""The inputs that came in a bundle, put where a repetition looks for them: each under its digest and the name that it
was known by, a folder with the files in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from reenact.data.folders import (
    MOST,
    digest_listing,
    list_contents,
    list_parameter_folders,
    name_listing,
    parse_listing,
    render_listing,
)
from reenact.errors import RecordError, StorageError
from reenact.files import make_folder
from reenact.records.files import read_code, read_inputs
from reenact.reproduce.bundle.manifest import LARGEST, Manifest, is_too_long, leads_elsewhere
from reenact.run_folder import RunFolder


def place_inputs(folder: RunFolder, manifest: Manifest, inputs: Path, most: int) -> None:
    """Give each of what was unpacked to ``inputs`` its place in the run's folder. ``most`` bytes is what the files of
    all folders may have, each counted wherever it is.

    Raises:
        RecordError: a folder is not whole, or holds what no folder may.
        StorageError: a file cannot be put where it belongs.
    """
    placing = _Placing(folder, manifest, inputs, most)
    names = _list_names(folder)
    try:
        for digest, path in names.items():
            if path.endswith("/") and digest in placing.sizes:
                placing.place_folder(digest, path)
        for path, files in list_parameter_folders(folder):
            placing.put_together(path, files)
        for digest in placing.sizes:
            placing.place(digest, names.get(digest))
    except OSError as problem:
        raise StorageError(f"cannot unpack the inputs: {problem.strerror or problem}") from problem


def _list_names(folder: RunFolder) -> dict[str, str]:
    """The paths of what is recorded, by digest."""
    names = {each.digest: each.path for each in read_inputs(folder) if each.digest is not None}
    code = read_code(folder)
    for left in code.left_out if code is not None else ():
        if left.digest is not None:
            names.setdefault(left.digest, left.path)
    return names


class _Placing:
    """One call of :func:`place_inputs`."""

    def __init__(self, folder: RunFolder, manifest: Manifest, inputs: Path, most: int) -> None:
        self._folder = folder
        self._inputs = inputs
        self._left = most
        self._files = MOST
        self._placed: set[str] = set()
        members = (entry for entry in manifest.members if entry.name.startswith("inputs/"))
        self.sizes = {entry.blake3: entry.size for entry in members}

    def place(self, digest: str, path: str | None) -> None:
        """A file under its own name; what is only a part of folders is in them already."""
        if path is None and digest in self._placed:
            return
        if path is None or not path.endswith("/"):
            self._inputs.joinpath(digest).rename(self._make_place(digest) / _name(path or "", digest))

    def place_folder(self, digest: str, path: str) -> None:
        """A folder that is recorded as one."""
        self._put_folder(digest, path, self._read_listing(digest, path))
        self._inputs.joinpath(digest).rename(name_listing(self._folder, digest))

    def put_together(self, path: str, files: Mapping[str, str]) -> None:
        """A folder whose files are recorded one by one, and that is asked for by its path; if they all came."""
        digest = digest_listing(files)
        if self.sizes.keys() >= set(files.values()) and not name_listing(self._folder, digest).exists():
            self._count(len(files))
            self._put_folder(digest, path, files)
            name_listing(self._folder, digest).write_bytes(render_listing(files))

    def _put_folder(self, digest: str, path: str, files: Mapping[str, str]) -> None:
        """Each file in it is the same as any other of the same content."""
        contents = list_contents(files)
        _check_paths(files, path)
        for inside, content in contents.items():
            if content not in self.sizes:
                raise _refused(f"the folder {path} is not whole: it lacks '{inside}'")
            self._left -= self.sizes[content]
        if self._left < 0:
            message = f"the bundle is refused: with the folder {path} it unpacks to more than is allowed"
            raise RecordError(message, hint="--max-size allows more")
        place = make_folder(self._make_place(digest) / _name(path.rstrip("/"), digest))
        for parent in _list_parents(contents):
            make_folder(place / parent)
        for inside, content in contents.items():
            _duplicate(f"{self._inputs}/{content}", f"{place}/{inside}")
        self._placed.update(contents.values())

    def _read_listing(self, digest: str, path: str) -> dict[str, str]:
        try:
            if self.sizes[digest] > LARGEST:
                raise ValueError(f"it is of {self.sizes[digest]:,} bytes")
            files = parse_listing((self._inputs / digest).read_bytes())
        except ValueError as problem:
            raise _refused(f"what is said to be in the folder {path} is damaged: {problem}") from problem
        self._count(len(files))
        return files

    def _count(self, files: int) -> None:
        self._files -= files
        if self._files < 0:
            raise _refused(f"its folders hold more than {MOST:,} files")

    def _make_place(self, digest: str) -> Path:
        return make_folder(self._folder.kept_inputs / digest)


def _check_paths(files: Mapping[str, str], folder: str) -> None:
    """See that every file is inside of the folder, and none inside of another file."""
    for path in files:
        if leads_elsewhere(path) or ".git" in path.lower().split("/"):
            raise _refused(f"'{path}' leads elsewhere than into the folder {folder} (path traversal)")
        if is_too_long(path):
            raise _refused(f"the name '{path[:60]}…' in the folder {folder} is too long")
    for parent in _list_parents(files):
        if parent in files:
            raise _refused(f"'{parent}' is a file in the folder {folder}, and others would lie in it")


def _list_parents(paths: Iterable[str]) -> set[str]:
    """The folders that the files are in."""
    found: set[str] = set()
    for path in paths:
        parent = os.path.dirname(path)
        while parent and parent not in found:
            found.add(parent)
            parent = os.path.dirname(parent)
    return found


def _name(path: str, digest: str) -> str:
    """The last part of a path, which may mean something to who reads it."""
    name = path.rpartition("/")[2]
    return digest if name in ("", ".", "..") or leads_elsewhere(name) else name


def _duplicate(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _refused(why: str) -> RecordError:
    return RecordError(f"the bundle is refused: {why}")
