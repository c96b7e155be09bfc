"""All that may go, found at one moment, and its going."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from reenact.environments import shelf
from reenact.environments.artifacts import list_unused_artifacts
from reenact.environments.collect import (
    Doomed,
    Limits,
    LockRecord,
    choose,
    choose_locks,
    drop_lock,
    drop_tree,
    list_lock_records,
    list_unused_trees,
)
from reenact.environments.conda.store import drop_packages, list_unlinked
from reenact.environments.disk import Census
from reenact.environments.python import sharing
from reenact.errors import RecordError
from reenact.records import history
from reenact.records.files import read_imported
from reenact.values import NamedTuple
from reenact.world import World


class Leftovers(NamedTuple):
    """What goes; ``left`` is the bytes on disk of the environments that stay.

    ``artifacts`` are files that no record names. ``packages`` are those of our store of conda packages that nothing
    is linked from; what is linked from environments that go, goes too.
    """

    environments: tuple[Doomed, ...]
    locks: tuple[LockRecord, ...]
    trees: tuple[Path, ...]
    packages: tuple[Path, ...]
    artifacts: tuple[Path, ...]
    shared: tuple[Path, ...]
    trash: tuple[Path, ...]
    left: int

    @property
    def freed(self) -> int:
        """Bytes that the environments free."""
        return sum(each.freed for each in self.environments)

    def as_plain(self) -> dict[str, object]:
        """For JSON: keys and paths."""
        return {
            "environments": [{"key": each.key, "why": each.why, "freed": each.freed} for each in self.environments],
            "locks": [str(each.path) for each in self.locks],
            "trees": list(map(str, self.trees)),
            "packages": list(map(str, self.packages)),
            "artifacts": list(map(str, self.artifacts)),
            "shared": list(map(str, self.shared)),
            "trash": list(map(str, self.trash)),
            "freed": self.freed,
            "left": self.left,
        }


def find_leftovers(limits: Limits, world: World) -> Leftovers:
    """Everything that the limits do not let stay. Changes nothing."""
    home = world.home
    standing = shelf.list_standing(home)
    living = {each.key for each in standing if shelf.is_used(each.folder) or shelf.is_being_made(each.folder)}
    realised = [each for _, each in history.list_realised(world)]
    recorded = {each.key for each in realised}
    census = Census(each.folder for each in standing)
    doomed = choose(standing, census, limits, living=living, recorded=recorded)
    records = list_lock_records(home)
    locks = choose_locks(records, limits, standing={each.key for each in standing}, recorded=recorded)
    staying = [record.lock.local for record in records if record.lock is not None and record not in locks]
    trees = list_unused_trees(home, [*staying, *(each.lock.local for each in realised)], world.now())
    unlinked = list_unlinked(home) if limits != Limits(keep=limits.keep) else ()
    artifacts = tuple(list_unused_artifacts(home, _list_used_artifacts(world), world.now()))
    return Leftovers(
        environments=tuple(doomed),
        locks=tuple(locks),
        trees=tuple(trees),
        packages=tuple(unlinked),
        artifacts=artifacts,
        shared=tuple(sharing.list_unused(home, standing, world.now())),
        trash=tuple(shelf.list_trash(home)),
        left=census.total,
    )


def _list_used_artifacts(world: World) -> set[str]:
    """Every SHA-256 that the record of a run names: in its lock, or as what came with it."""
    used: set[str] = set()
    for folder, realised in history.list_realised(world):
        used.update(realised.lock.made.values())
        with suppress(OSError, RecordError):
            used.update(re.findall(r"\b[0-9a-f]{64}\b", folder.environment_lock.read_text("utf-8", "replace")))
        with suppress(RecordError):
            imported = read_imported(folder)
            used.update(imported.made.values() if imported is not None else ())
    return used


def sweep(leftovers: Leftovers, world: World) -> Leftovers:
    """Delete them; what has come into use meanwhile stays. What went.

    Raises:
        StorageError: something cannot be deleted.
    """
    gone = []
    for at, each in enumerate(leftovers.environments):
        world.report.step("deleting", f"{at + 1} of {len(leftovers.environments)} environments")
        if shelf.take_away(each.folder, used_until=each.used):
            gone.append(each)
    world.report.done()
    locks = tuple(record for record in leftovers.locks if drop_lock(record))
    shared = tuple(sharing.list_unused(world.home, shelf.list_standing(world.home), world.now()))
    for kept in (*leftovers.trees, *leftovers.artifacts, *shared):
        drop_tree(kept)
    limited = leftovers.packages or any(each.why != "unfinished" for each in gone)
    packages = drop_packages(list_unlinked(world.home) if limited else [], world.home)
    shelf.sweep_trash(world.home)
    history.sweep(world)
    return leftovers._replace(environments=tuple(gone), locks=locks, packages=tuple(packages), shared=shared)
