"""What of the shelf goes, decided as data, and its going: environments, lock records, copies of local code.

Nothing that goes is lost: an environment is made again from its lock, which its runs have and the lock records too. A
lock record, however, is why a request resolves to the same versions as before. So a record goes only when it cannot be
used any more, or when neither an environment nor a recorded run is left of it and it is as old as was asked for.

Left alone: mirrors of repositories, which checkouts of runs lean on; parsed project files, which are small; the caches
of uv, which other programs share (``uv cache prune``).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from reenact.codec import decode
from reenact.environments.disk import Census
from reenact.environments.shelf import Standing
from reenact.files import delete_tree, hold
from reenact.home import Home
from reenact.plan import EnvironmentLock
from reenact.values import NamedTuple

DAY = 86400.0


class Limits(NamedTuple):
    """``size`` in bytes on disk of all environments together; ``before`` in seconds since the epoch: what was used last
    before it is old; ``keep`` what recorded runs were made in. None is no limit."""

    size: int | None = None
    before: float | None = None
    keep: bool = False


class Doomed(NamedTuple):
    """An environment that is to go, why, and how many bytes that frees."""

    key: str
    folder: Path
    why: str
    freed: int
    used: float


def choose(
    standing: Sequence[Standing], census: Census, limits: Limits, *, living: Collection[str], recorded: Collection[str]
) -> list[Doomed]:
    """Which environments go, least recently used first; ``living`` are never chosen. The census goes with them. Pure
    otherwise."""
    doomed: list[Doomed] = []
    for each in sorted(standing, key=lambda each: (each.used, each.key)):
        if each.key in living:
            continue
        if not each.whole:
            why = "unfinished"
        elif limits.keep and each.key in recorded:
            continue
        elif limits.before is not None and each.used < limits.before:
            why = "old"
        elif limits.size is not None and census.total > limits.size:
            why = "size"
        else:
            continue
        doomed.append(Doomed(each.key, each.folder, why, census.remove(each.folder), each.used))
    return doomed


class LockRecord(NamedTuple):
    """A file in ``locks/``; ``lock`` is None where it cannot be read."""

    path: Path
    lock: EnvironmentLock | None
    changed: float

    @property
    def is_usable(self) -> bool:
        """Whether a run could still use it here."""
        return self.lock is not None and (self.lock.interpreter is None or os.access(self.lock.interpreter, os.X_OK))


def list_lock_records(home: Home) -> list[LockRecord]:
    """Every record of what a request resolved to."""
    found = []
    for path in sorted(home.locks.glob("*/*.json")):
        try:
            changed = path.stat().st_mtime
            lock: EnvironmentLock | None = decode(EnvironmentLock, path.read_bytes())
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            lock = None
        found.append(LockRecord(path, lock, changed))
    return found


def choose_locks(
    records: Sequence[LockRecord], limits: Limits, *, standing: Collection[str], recorded: Collection[str]
) -> list[LockRecord]:
    """Which records go."""
    wanted = {*standing, *recorded}
    return [
        record
        for record in records
        if record.lock is None
        or not record.is_usable
        or (limits.before is not None and record.changed < limits.before and record.lock.key not in wanted)
    ]


def drop_lock(record: LockRecord) -> bool:
    """Delete the record, with its family's folder when it was the last; False where somebody is resolving there."""
    family = record.path.parent
    resolving = hold(family / ".lock")
    if resolving is None:
        return False
    try:
        record.path.unlink(missing_ok=True)
        if not any(family.glob("*.json")):
            # Who waits for the lock finds that it is gone, and makes the folder anew.
            aside = family.with_name(f".trash-{family.name[:16]}-{os.urandom(4).hex()}")
            family.rename(aside)
            delete_tree(aside)
    finally:
        os.close(resolving)
    return True


def list_unused_trees(home: Home, locals_: Collection[Mapping[str, str]], now: float) -> Iterator[Path]:
    """Copies of local code that no lock (``locals_``: the digests in each, by path) refers to, unused for a day; and
    what somebody who was killed left there."""
    used = {digest for each in locals_ for digest in each.values()}
    try:
        entries = list(os.scandir(home.trees))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name != "digests" and entry.name not in used and now - entry.stat().st_mtime > DAY:
            yield Path(entry.path)


def drop_tree(tree: Path) -> None:
    """Delete a copy; it is moved aside first, so that nobody ever finds half of one."""
    aside = tree.with_name(f".trash-{tree.name[:16]}-{os.urandom(4).hex()}")
    try:
        tree.rename(aside)
    except FileNotFoundError:
        return
    delete_tree(aside)
