"""Our store of unpacked conda packages, and what of it goes: packages that no environment is linked from any more.

Who links from the store shares its lock for as long as that takes; who deletes from it holds the lock alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reenact.files import delete_tree, hold, make_folder, share
from reenact.home import Home

_TRASH = ".trash-"


def find_store(home: Home) -> Path:
    """Where each package is a folder, named as its file is."""
    return home.packages / "conda"


@contextmanager
def linking(home: Home) -> Iterator[None]:
    """Nothing is deleted from the store until the end of the block."""
    lock = _lock(home)
    while (held := share(lock)) is None:
        make_folder(lock.parent)
        lock.touch()
    try:
        yield
    finally:
        os.close(held)


def list_unlinked(home: Home) -> list[Path]:
    """The packages that nothing is linked from; all of them where files are copied because they cannot be linked."""
    return [package for package in _list_packages(home) if not _is_linked(package)]


def drop_packages(packages: list[Path], home: Home) -> list[Path]:
    """Delete those of the packages that nothing is linked from still; none while somebody links. What went.

    A package is fetched again when an environment needs it.
    """
    alone = hold(_lock(home)) if packages else None
    if alone is None:
        return []
    gone = []
    try:
        for package in packages:
            if package.is_dir() and not _is_linked(package):
                package.rename(package.with_name(f"{_TRASH}{package.name}"))
                gone.append(package)
    finally:
        os.close(alone)
    for trash in find_store(home).glob(f"{_TRASH}*"):
        delete_tree(trash)
    return gone


def _lock(home: Home) -> Path:
    return home.packages / "conda.lock"


def _list_packages(home: Home) -> list[Path]:
    try:
        return sorted(path for path in find_store(home).iterdir() if not path.name.startswith(".") and path.is_dir())
    except FileNotFoundError:
        return []


def _is_linked(package: Path) -> bool:
    files = (f"{folder}/{name}" for folder, _, names in os.walk(package) for name in names)
    return any(os.lstat(file).st_nlink > 1 for file in files)
