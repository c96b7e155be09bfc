"""Bytecode shared between environments, as the files that it was compiled from are, and what an installer notes.

Packages are linked from uv's cache, so that two environments have one copy; what Python compiles from them would still
be there once for each environment, a third as much again. An environment that is made takes the bytecode of those that
stand beside it, where it was compiled from the same file: by link, so that it is there once, and need not be compiled.

Python tells by the time and size of the source, which is the same file, that the bytecode fits (PEP 3147), and puts the
right path into the code when it loads it. It never writes into a file of bytecode, but replaces it.

The list of a package's files (RECORD) is written anew for each environment, and is mostly the same: for thirty packages
half a megabyte. Where it is, it is shared too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from reenact.environments.shelf import list_standing
from reenact.home import Home

NOTES = ("RECORD", "INSTALLER", "REQUESTED")
"""What an installer writes into the ``dist-info`` of a package, rather than to take it out of the package."""


def borrow_bytecode(folder: Path, python: str, home: Home) -> int:
    """Link what the whole environments of the same Python have compiled into the one at ``folder``; how many files."""
    packages = {path.name: path for path in folder.glob("lib/*/site-packages/*.dist-info")}
    unshared = set(packages)
    count = 0
    for lender in list_standing(home):
        if not packages:
            break
        if lender.folder == folder or not lender.whole or lender.python != python:
            continue
        for path in lender.folder.glob("lib/*/site-packages/*.dist-info"):
            ours = packages.get(path.name)
            if ours is not None and path.name in unshared and _share_notes(ours, path):
                unshared.remove(path.name)
            if ours is not None and (linked := _borrow(ours, path)):
                count += linked
                del packages[path.name]
    return count


def _borrow(ours: Path, theirs: Path) -> int:
    """Link the bytecode of one package; both are its ``dist-info``."""
    count = 0
    for name in _list_sources(ours):
        source, other = ours.parent / name, theirs.parent / name
        try:
            if not os.path.samefile(source, other):
                continue
            caches = list((other.parent / "__pycache__").glob(f"{other.stem}.*.pyc"))
            for cache in caches:
                (source.parent / "__pycache__").mkdir(exist_ok=True)
                os.link(cache, source.parent / "__pycache__" / cache.name)
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


def _list_sources(info: Path) -> Iterator[str]:
    """The modules of a package, relative to the folder that it is in (its RECORD, PEP 376)."""
    import csv

    try:
        with open(info / "RECORD", encoding="utf-8", newline="") as record:
            for row in csv.reader(record):
                if row and row[0].endswith(".py") and not row[0].startswith(("/", "..")):
                    yield row[0]
    except (OSError, UnicodeDecodeError, csv.Error):
        return
