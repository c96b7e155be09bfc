"""What is done with the runs there have been: listed as they really stand, deleted, indexed anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from reenact.errors import RecordError, StorageError
from reenact.files import delete_tree, hold, make_folder
from reenact.records.files import read_realised
from reenact.records.filter import RunFilter
from reenact.records.index import Rebuilt, is_there, open_index
from reenact.records.life import settle, take_over, update_index
from reenact.records.store import Store
from reenact.records.types import Realised
from reenact.run_folder import RunFolder
from reenact.runs import Run, State
from reenact.world import World

YOUNG = 3600.0
"""Seconds within which a folder in staging without a lock may be somebody's who is about to take it."""


def list_runs(wanted: RunFilter, limit: int | None, world: World) -> list[Run]:
    """The runs that meet the filter, newest first, as they really stand: those whose process died are settled first."""
    index = open_index(world)
    settled = {run.id: run for run in settle_all(world)}
    while True:
        found = index.read(lambda store: store.select(wanted, limit))
        gone = [run for run in found if not is_there(run)]
        if not gone or not index.writable:
            # In a home that we may only read, what was settled is known to us alone.
            found = [settled.get(run.id, run) for run in found if run not in gone]
            return [run for run in found if not wanted.states or run.state in wanted.states]
        index.forget(gone)


def settle_all(world: World) -> list[Run]:
    """Settle every run that the index believes to be under way; returns those that turned out to be over."""
    index = open_index(world)
    over: list[Run] = []
    for run in index.read(lambda store: store.unfinished()):
        folder = RunFolder(Path(run.folder))
        if folder.is_alive:
            continue
        if not is_there(run):
            if index.writable:
                index.forget([run])
            continue
        try:
            settled = settle(folder, world)
        except RecordError as problem:
            world.report.warn(f"the record of run {run.id} is damaged: {problem.message}")
            continue
        if settled.state.final:
            if index.writable:
                # Also for one that left its result itself and died before the index knew.
                update_index(settled, world)
            over.append(settled)
    return over


def list_realised(world: World) -> Iterator[tuple[RunFolder, Realised]]:
    """Every recorded run that has had an environment, and how it came by it; damaged records are passed over."""
    try:
        names = os.listdir(world.home.runs)
    except FileNotFoundError:
        return
    for name in names:
        folder = RunFolder(world.home.runs / name)
        try:
            realised = read_realised(folder)
        except RecordError:
            continue
        if realised is not None:
            yield folder, realised


def find_before(run: Run, world: World) -> tuple[RunFolder, Realised] | None:
    """The newest run of the same project and entry point that is older than ``run`` and had an environment.

    Several projects may have one name: one from the same source counts first.
    """
    wanted = RunFilter(project=run.project, entry_point=run.entry_point, before=run.created)
    older = open_index(world).read(lambda store: store.select(wanted))
    # The order in which they came is kept.
    for each in sorted(older, key=lambda each: each.source != run.source):
        folder = RunFolder(Path(each.folder))
        try:
            realised = read_realised(folder)
        except RecordError:
            continue
        if realised is not None:
            return folder, realised
    return None


def remove(folder: RunFolder, world: World) -> None:
    """Delete the run: its folder is first moved out of ``runs/``, so that a death leaves a whole run or none.

    What a link in the folder points to is not touched. One whose record is damaged goes if nobody carries it out.

    Raises:
        RecordError: the run is under way.
        StorageError: the folder cannot be moved.
    """
    state = _find_state(folder, world)
    alive = take_over(folder)
    if alive is None or not (state is None or state.final):
        if alive is not None:
            os.close(alive)
        stands = "under way" if state is None or state.final else state.value
        raise RecordError(f"run {folder.id} is {stands}", hint=f"stop it first with: reenact cancel {folder.id[:8]}")
    trash = make_folder(world.home.staging) / f"trash-{folder.id}-{os.urandom(4).hex()}"

    def leave(store: Store) -> None:
        folder.path.rename(trash)
        store.delete([folder.id])

    try:
        open_index(world).write(leave)
    finally:
        os.close(alive)
    delete_tree(trash)


def _find_state(folder: RunFolder, world: World) -> State | None:
    """How the run stands; None where its record is damaged and only its lock tells."""
    try:
        return settle(folder, world).state
    except RecordError:
        return None


def sweep(world: World) -> None:
    """Delete what the dead left in staging: trash, and folders whose lock nobody holds any more."""
    if not world.home.staging.is_dir():
        return
    for path in world.home.staging.iterdir():
        if path.name.startswith("trash-"):
            delete_tree(path)
            continue
        folder = RunFolder(path)
        # Without the file it may have been made this instant, before its maker came to take the lock.
        try:
            if not folder.alive.exists() and world.now() - path.stat().st_mtime < YOUNG:
                continue
            alive = hold(folder.alive)
        except (StorageError, FileNotFoundError):
            continue  # it became a run, or somebody else deleted it
        if alive is not None:
            delete_tree(path)
            os.close(alive)


def reindex(world: World) -> Rebuilt:
    """Make the index anew from the run folders, beside everything that goes on.

    Raises:
        StorageError: the home cannot be written.
    """
    return open_index(world).rebuild()
