"""What an installer and Python would write into every environment anew, shared between them.

Packages are linked from uv's cache, file by file, so that two environments have one copy. Three things are left, which
together are a third as much again:

- What Python compiles. The ``__pycache__`` of a package's folder is a link to one that all environments have which were
  made from the same files by the same Python. Python tells by the time and size of a source that bytecode fits (PEP
  3147), never writes into a file of bytecode but replaces it, and puts the right path into the code when it loads it.
- Folders, a block each. Those of a package's own tests and licences are links to one for all. Others are not: a library
  finds another beside it by its own place (``$ORIGIN/../..``), and a module may find its files by its real one.
- The list of a package's files (RECORD), which is mostly the same: for thirty packages half a megabyte.

The ``__pycache__`` beside modules that are in no folder of their own belongs to many packages: there each file is
linked from an environment that has it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from blake3 import blake3

from reenact.environments.shelf import Standing, list_standing
from reenact.files import delete_tree, make_folder
from reenact.home import Home

NOTES = ("RECORD", "INSTALLER", "REQUESTED")
"""What an installer writes into the ``dist-info`` of a package, rather than to take it out of the package."""

CACHE = "__pycache__"
TESTS = ("test", "tests")
INFO = ".dist-info"
LIBRARIES = (".so", ".dylib", ".pyd")

LONGEST = 59
"""Bytes of a link's target that most file systems keep without a block of its own."""

DAY = 86400.0


def share(folder: Path, python: str, home: Home) -> None:
    """Give the environment at ``folder``, just installed, what others beside it have, and them what it has."""
    packages = {path.name: path for path in folder.glob(f"lib/*/site-packages/*{INFO}")}
    files = {name: list(_list_files(path)) for name, path in packages.items()}
    owners = _find_owners(files)
    for inner in find_shareable(files):
        if len(names := owners[inner]) == 1:
            _share_folder(packages[names[0]], inner, home)
    for inner in {each.rpartition("/")[0] for found in files.values() for each in found if each.endswith(".py")}:
        if inner and len(names := owners[inner]) == 1:
            _link_cache(packages[names[0]], inner, python, home)
    _borrow_from_all(folder, python, packages, files, home)


def find_shareable(files: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The outermost folders of tests and of what lies in folders beside a package's metadata, without a library. Pure.

    ``files`` are the paths of each package, relative to where packages are.
    """
    found: set[str] = set()
    barred: set[str] = set()
    for path in (path for paths in files.values() for path in paths):
        parts = path.split("/")[:-1]
        depth = next((at for at, part in enumerate(parts) if at and (part in TESTS or parts[0].endswith(INFO))), None)
        if depth is not None:
            inner = "/".join(parts[: depth + 1])
            found.add(inner)
            if path.endswith(LIBRARIES) or ".so." in path:
                barred.add(inner)
    return tuple(sorted(found - barred))


def list_unused(home: Home, standing: Iterable[Standing], now: float) -> Iterator[Path]:
    """The shared folders that no environment links to, unused for a day."""
    used = {target for each in standing for target in _list_linked(each.folder)}
    with suppress(FileNotFoundError):
        for entry in os.scandir(home.shared):
            if entry.name not in used and now - entry.stat().st_mtime > DAY:
                yield Path(entry.path)


def _list_linked(folder: Path) -> Iterator[str]:
    for path, names, _ in os.walk(folder):
        for name in names:
            with suppress(OSError):  # It is a folder, or gone.
                yield os.path.basename(os.readlink(os.path.join(path, name)))


def _find_owners(files: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The packages that have anything in or below each folder."""
    owners: dict[str, list[str]] = {}
    for name, paths in files.items():
        folders = {folder for path in paths for folder in _list_parents(path)}
        for folder in folders:
            owners.setdefault(folder, []).append(name)
    return owners


def _list_parents(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _share_folder(info: Path, inner: str, home: Home) -> None:
    """Make a folder of a package a link to the one for all; the first that comes gives its own."""
    folder = info.parent / inner
    with suppress(OSError):  # Linked from nowhere, or there is no place to share: it stays as it is.
        shared = make_folder(home.shared) / _make_key(info, inner)
        target = os.path.relpath(shared, folder.parent)
        if len(os.fsencode(target)) > LONGEST:
            return
        try:
            folder.rename(shared)
        except OSError:
            if not shared.is_dir():
                raise
            delete_tree(folder)
        folder.symlink_to(target)
        os.utime(shared)


def _link_cache(info: Path, inner: str, python: str, home: Home) -> None:
    """Make the ``__pycache__`` of a package's folder a link to the one for all, which is made if it is not there."""
    folder = info.parent / inner
    with suppress(OSError):  # There already, or not to be had here: Python makes one of its own.
        shared = make_folder(home.shared / _make_key(info, inner, python))
        target = os.path.relpath(shared, folder.resolve())
        if len(os.fsencode(target)) <= LONGEST:
            (folder / CACHE).symlink_to(target)
            os.utime(shared)


def _make_key(info: Path, inner: str, python: str = "") -> str:
    """One name for a folder of the same files, linked from the same place, for the same Python.

    Raises:
        FileNotFoundError: the files are not linked from anywhere, so that no other environment has the same.
    """
    metadata = info / "METADATA"
    status = metadata.stat()
    if status.st_nlink < 2:
        raise FileNotFoundError(metadata)
    facts = (python, info.name, status.st_dev, status.st_ino, status.st_mtime_ns, inner)
    return blake3(repr(facts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _borrow_from_all(
    folder: Path, python: str, packages: Mapping[str, Path], files: Mapping[str, list[str]], home: Home
) -> None:
    """Link what belongs to no folder of a package from the environments that stand beside this one."""
    alone = {name: [each for each in found if _is_module_alone(each)] for name, found in files.items()}
    unshared = set(packages)
    for lender in list_standing(home):
        if lender.folder == folder or not lender.whole or lender.python != python:
            continue
        for path in lender.folder.glob(f"lib/*/site-packages/*{INFO}"):
            ours = packages.get(path.name)
            if ours is None:
                continue
            if path.name in unshared and _share_notes(ours, path):
                unshared.remove(path.name)
            if alone[path.name] and _borrow(ours, path, alone[path.name]):
                alone[path.name] = []


def _is_module_alone(path: str) -> bool:
    return "/" not in path and path.endswith(".py")


def _borrow(ours: Path, theirs: Path, names: list[str]) -> int:
    """Link the bytecode of modules that are in no folder; both are the ``dist-info`` of one package."""
    count = 0
    for name in names:
        source, other = ours.parent / name, theirs.parent / name
        try:
            if not os.path.samefile(source, other):
                continue
            caches = list((other.parent / CACHE).glob(f"{other.stem}.*.pyc"))
            for cache in caches:
                (source.parent / CACHE).mkdir(exist_ok=True)
                os.link(cache, source.parent / CACHE / cache.name)
                count += 1
        except OSError:
            continue  # Gone meanwhile, there already, or more links than the file system allows.
    return count


def _share_notes(ours: Path, theirs: Path) -> bool:
    """Put their notes in the place of ours where both say the same; whether any is shared then."""
    shared = False
    for name in NOTES:
        note, other = ours / name, theirs / name
        aside = ours / f".{name}.{os.getpid()}"
        try:
            if note.read_bytes() == other.read_bytes():
                os.link(other, aside)
                aside.replace(note)
                shared = True
        except OSError:
            continue  # Not there, gone meanwhile, or more links than the file system allows.
    return shared


def _list_files(info: Path) -> Iterator[str]:
    """The files of a package, relative to the folder that it is in (its RECORD, PEP 376)."""
    import csv

    try:
        with open(info / "RECORD", encoding="utf-8", newline="") as record:
            for row in csv.reader(record):
                if row and not row[0].startswith(("/", "..")):
                    yield row[0]
    except (OSError, UnicodeDecodeError, csv.Error):
        return
