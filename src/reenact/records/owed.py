"""What the index is owed: the rows of runs that have begun.

A run that begins has no time for a database, and one that ends in a moment has none either. Its row is owed, by a note
that comes before its folder and goes when the index has it (:mod:`reenact.records.index`, which this is kept apart
from): entered by itself once its command has lasted for a moment, by a later run that does, or by whoever reads.
"""

from __future__ import annotations

import os
from pathlib import Path

from reenact.errors import StorageError
from reenact.files import lock, make_folder
from reenact.home import Home

MOST = 64
"""How many rows are owed at most: who would be one more enters all of them."""


def adopt(home: Home, staged: Path, folder: Path) -> None:
    """Make the staged folder a run, by one rename. Its row is owed.

    Raises:
        StorageError: the home cannot be written.
    """
    note = make_folder(home.owed) / folder.name
    try:
        with lock(home.store_lock):
            note.touch()
            staged.rename(folder)
    except OSError as problem:
        raise StorageError(f"cannot write {problem.filename}: {problem.strerror or problem}") from problem


def may_stay_owed(home: Home, name: str) -> bool:
    """Whether nobody need enter this run now: its row is owed, and there are not many such."""
    owed = list_owed(home)
    return name in owed and len(owed) < MOST


def list_owed(home: Home) -> list[str]:
    """The names of the runs whose rows are owed."""
    try:
        return os.listdir(home.owed)
    except FileNotFoundError:
        return []


def cross_off(home: Home, name: str) -> None:
    """Nothing is owed for this run any more."""
    (home.owed / name).unlink(missing_ok=True)
