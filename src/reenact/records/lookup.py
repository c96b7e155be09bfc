"""Which run a name means: an id, the beginning of one, a run's own name, ``@`` for the newest."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from reenact.errors import RecordError
from reenact.records.files import read_run
from reenact.records.filter import RunFilter
from reenact.records.index import is_there, open_index
from reenact.records.life import ID_LENGTH, update_index
from reenact.records.store import Store
from reenact.run_folder import RunFolder
from reenact.runs import Run
from reenact.world import World


def find_run(name: str, world: World) -> RunFolder | None:
    """The run that ``name`` means: an id, the beginning of one, a run's name; ``@`` or ``last`` is the newest run and
    ``@~2`` the second before it.

    Raises:
        RecordError: several runs are meant; the message lists them.
    """
    index = open_index(world)
    back = parse_newest(name)
    while True:
        found = index.read(
            lambda store: store.select(RunFilter(), limit=1, skip=back) if back is not None else _look_up(store, name)
        )
        if back is None and not found:
            return _adopt(name, world)
        gone = [run for run in found if not is_there(run)]
        if gone and index.writable:
            index.forget(gone)
            continue
        found = [run for run in found if run not in gone]
        if len(found) > 1:
            candidates = "\n".join(map(_render_candidate, found))
            raise RecordError(f"'{name}' could mean several runs:\n{candidates}", hint="write more of the id")
        return RunFolder(Path(found[0].folder)) if found else None


def get_run(name: str, world: World) -> RunFolder:
    """The same, for a run that has to be there.

    Raises:
        RecordError: no run is meant, or several.
    """
    folder = find_run(name, world)
    if folder is not None:
        return folder
    if parse_newest(name) is not None:
        raise RecordError("there is no run yet, or not so many", hint="start one with: reenact run .")
    raise RecordError(f"there is no run '{name}'", hint="see them with: reenact ls")


def parse_newest(name: str) -> int | None:
    """How many runs before the newest ``@``, ``last`` or ``@~3`` means; None for any other name."""
    if name in ("@", "last"):
        return 0
    count = name.removeprefix("@~")
    return int(count) if count != name and count.isascii() and count.isdigit() else None


def _look_up(store: Store, name: str) -> list[Run]:
    exact = store.get(name)
    return [exact] if exact else store.find(name)


def _adopt(run_id: str, world: World) -> RunFolder | None:
    """A run that the index does not know but whose folder is there, copied in from elsewhere perhaps."""
    if len(run_id) != ID_LENGTH or not run_id.isalnum():
        return None
    folder = RunFolder(world.home.runs / run_id)
    if not folder.plan.exists():
        return None
    # What is damaged has no row; who reads it says so.
    with suppress(RecordError):
        update_index(read_run(folder), world)
    return folder


def _render_candidate(run: Run) -> str:
    name = f" '{run.name}'" if run.name else ""
    created = run.created[:16].replace("T", " ")
    return f"  {run.id[:16]}  {run.state.value:<9}  {created}  {run.project} {run.entry_point}{name}"
