"""The life of a run's record: staged, published, moved from state to state, finished; and looked at later.

Who carries a run out holds the lock ``alive`` in its folder from before the run exists until after its result does:
the launcher takes it with :func:`stage`, keeps it through :func:`publish`, and either works itself or hands the open
descriptor on to the worker process that it starts (flock(2) locks belong to the open file, which a child shares).
There is no moment in between at which nobody holds it. A local run that has no result and whose lock is free is
therefore lost, at once and without a time of grace. A run on another backend is not judged by the lock.

Nobody but the lock's holder changes the run, so the holder goes on with the :class:`~reenact.runs.Run` that each step
gives back and reads nothing again.
"""

import os
from pathlib import Path

from reenact import __version__
from reenact.codec import encode
from reenact.errors import RecordError, StorageError
from reenact.files import hold, make_folder, write_atomic
from reenact.plan import Plan
from reenact.records.events import append_event, read_events, render_event
from reenact.records.files import end, find_last_sign, read_result, read_run, summarise
from reenact.records.owed import adopt, may_stay_owed
from reenact.records.types import Event, Origin
from reenact.run_folder import RunFolder
from reenact.runs import MOVES, Result, Run, State
from reenact.values import NamedTuple
from reenact.world import World

ID_LENGTH = 32
LOST = "the process that carried it out is gone"


class Staged(NamedTuple):
    """A folder that may become a run, and the descriptor that holds its lock."""

    path: Path
    alive: int


def new_run_id() -> str:
    """32 random hexadecimal digits, the form of MLflow's run ids."""
    return os.urandom(ID_LENGTH // 2).hex()


def stage(world: World) -> Staged:
    """A new folder in staging, named by a new run id, with its lock held by us. Closing the descriptor lets go.

    Raises:
        StorageError: the home cannot be written.
    """
    try:
        path = make_folder(world.home.staging / new_run_id())
    except StorageError as problem:
        raise StorageError(problem.message, hint="REENACT_HOME chooses another folder to keep runs in") from problem
    alive = hold(RunFolder(path).alive)
    if alive is None:
        raise StorageError(f"somebody else holds the new lock in {path}")
    return Staged(path, alive)


def publish(staged: Path, plan: Plan, world: World) -> Run:
    """Make the staged folder a run, queued: plan and origin are written, then one rename. Its row is owed to the index.

    The caller holds the folder's lock already (:func:`stage`) and hands it to whoever carries the run out.

    Raises:
        RecordError: nobody holds the lock, so that the run would count as lost.
        StorageError: the home cannot be written.
    """
    aside = RunFolder(staged)
    if not aside.is_alive:
        raise RecordError(f"nobody holds {aside.alive}: a run is published by who carries it out")
    origin = make_origin(world)
    try:
        aside.created.write_bytes(encode(origin))
        aside.events.write_bytes(render_event(Event(origin.created, State.QUEUED)))
        aside.plan.write_bytes(encode(plan))
    except OSError as problem:
        raise StorageError(f"cannot write {problem.filename}: {problem.strerror or problem}") from problem
    folder = RunFolder(make_folder(world.home.runs) / staged.name)
    run = summarise(folder, plan, origin, (Event(origin.created, State.QUEUED),), None)
    adopt(world.home, staged, folder.path)
    return run


def make_origin(world: World) -> Origin:
    """This moment, user, host, version and directory."""
    return Origin(world.timestamp(), _find_user(world), os.uname().nodename, __version__, str(world.cwd))


def move(run: Run, state: State, world: World) -> Run:
    """The run in ``state``, which is not final: one line in ``events``. The index is told by whoever has time for it
    (:func:`update_index`).

    Raises:
        RecordError: the run cannot go there from where it is.
        StorageError: the folder cannot be written.
    """
    if state.final:
        raise ValueError("a final state comes with a result: use finish")
    _expect_move(run, state)
    event = Event(world.timestamp(), state)
    append_event(find_folder(run), event)
    return run._replace(state=state, started=event.time if state is State.RUNNING else run.started)


def finish(run: Run, result: Result, world: World) -> Run:
    """The run, which has ended: ``events``, then ``result.json`` as the last thing, then the index where it has a row.

    The event holds the whole result: if we die between the two files, :func:`settle` finds it.

    Raises:
        RecordError: the run cannot end so from where it is.
        StorageError: the folder cannot be written.
    """
    _expect_move(run, result.state)
    folder = find_folder(run)
    append_event(folder, Event(world.timestamp(), result.state, result))
    write_atomic(folder.result, encode(result))
    ended = end(run, result)
    if not may_stay_owed(world.home, run.id):
        update_index(ended, world)
    return ended


def update_index(run: Run, world: World) -> None:
    """Bring the run's row up to date with its files; where that cannot be done, the files still say it."""
    from reenact.records.index import open_index  # a database, which nobody waits for before the command runs

    try:
        open_index(world).enter(run)
    except StorageError as problem:
        world.report.warn(f"run {run.id} is {run.state.value}, but the index does not know: {problem.message}")


def find_folder(run: Run) -> RunFolder:
    """Where the run is kept."""
    return RunFolder(Path(run.folder))


def settle(folder: RunFolder, world: World) -> Run:
    """The run as it really stands: one whose process died is given its result, ``lost`` if it left none.

    Safe beside a worker that starts or ends at this moment: only who gets the run's lock writes, and looks again
    first. In a home that we may only read, the answer is the same and nothing is written.

    Raises:
        RecordError: the folder is no run, or damaged.
    """
    run = read_run(folder)
    if run.state.final or run.backend != "local" or folder.is_alive:
        return run
    if not os.access(folder.path, os.W_OK):
        run = read_run(folder)
        return run if run.state.final else run._replace(state=State.LOST, reason=LOST, ended=find_last_sign(folder))
    alive = take_over(folder)
    if alive is None:
        return run
    try:
        if read_result(folder) is None:
            _give_result(folder, world)
        run = read_run(folder)
        update_index(run, world)
        return run
    finally:
        os.close(alive)


def _give_result(folder: RunFolder, world: World) -> None:
    """Write the result that the last event holds, or that the run is lost."""
    left = next((event.result for event in reversed(read_events(folder)) if event.result), None)
    if left is not None:
        write_atomic(folder.result, encode(left))
        return
    run = read_run(folder)
    finish(run, Result(State.LOST, reason=LOST, started=run.started, ended=find_last_sign(folder)), world)


def take_over(folder: RunFolder) -> int | None:
    """The lock of a run whose process may be gone: a descriptor that holds it, or None if somebody is alive after all.

    Raises:
        RecordError: the run was deleted meanwhile.
    """
    try:
        return hold(folder.alive)
    except StorageError:
        if folder.path.exists():
            raise
        raise RecordError(f"run {folder.id} was deleted") from None


def _expect_move(run: Run, state: State) -> None:
    if state not in MOVES[run.state]:
        raise RecordError(f"run {run.id} is {run.state.value} and cannot become {state.value}")


def _find_user(world: World) -> str:
    """The user's name, or the number of one who has no name (as in many containers)."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return world.environ.get("USER") or world.environ.get("LOGNAME") or str(os.getuid())
