"""The small files in a run's folder as values: plan, origin, events, result; and the run that they add up to."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from reenact.codec import decode, to_plain
from reenact.errors import RecordError, StorageError
from reenact.hints import Literal, TypeVar
from reenact.plan import EnvironmentLock, Plan
from reenact.run_folder import RunFolder
from reenact.runs import Result, Run, State
from reenact.values import NamedTuple
from reenact.world import render_timestamp

T = TypeVar("T")


class Origin(NamedTuple):
    """When, by whom, where and with which reenact a run was asked for; ``user`` may be a bare number."""

    created: str
    user: str
    host: str
    version: str
    cwd: str


class Event(NamedTuple):
    """A move from state to state; ``result`` comes with the last."""

    time: str
    state: State
    result: Result | None = None


class Realised(NamedTuple):
    """How a run came by its environment.

    ``key`` is its resolved identity; ``lock`` is what it was made from, without the text, which the run folder has as a
    file of its own. ``settings`` are the caller's variables and files that decided what was found, without credentials.
    ``made`` says that it did not exist before; ``seconds`` is what finding or making it took.
    """

    key: str
    lock: EnvironmentLock
    settings: Mapping[str, str] = {}
    path: str | None = None
    made: bool = False
    seconds: float = 0.0


class InputFile(NamedTuple):
    """Something that the command had to read, as it was before the command started.

    ``path`` is relative to the project's folder; absolute where it lies elsewhere; below ``$REENACT_RUN_DIR`` where it
    was downloaded; or a URI. ``digest`` is the BLAKE3 of its content, None where that is not known, as of a URI:
    ``version`` is what its server says of it. ``origin`` is the declaration that leads to it, or ``parameter NAME``.
    Of a folder with very many files there is one, whose path ends in ``/``, with the digest of all and their number.
    ``problem`` says why something that is there was not read.
    """

    path: str
    size: int | None
    digest: str | None
    origin: str
    version: str | None = None
    files: int = 1
    problem: str | None = None


class OutputFile(NamedTuple):
    """Something that the command left, as it was after the command had ended.

    ``path`` is relative to the project's folder (a folder ``artifacts`` of the project is ``./artifacts``), begins with
    ``artifacts/`` for what is in the run's own folder of that name, is absolute for what lies elsewhere, or is a URI.
    ``kept`` is where its content is, relative to the run folder; None where there is only the digest. ``problem`` says
    why there is no digest: :data:`MISSING` where nothing was there. ``unchanged``: it is as it was before the command.
    """

    path: str
    size: int | None
    digest: str | None
    kept: str | None = None
    problem: str | None = None
    unchanged: bool = False


MISSING = "missing"
"""The problem of an output that is declared and was not there in the end."""


class Imported(NamedTuple):
    """Where a run came from that did not run here: the bundle ``file``, when, and the SHA-256 of its manifest.

    ``key`` names the key that it was verified to be signed with. ``made`` are files that came with it and stand for
    something that its lock names (see :class:`reenact.plan.EnvironmentLock`).
    """

    time: str
    file: str
    manifest: str
    key: str | None = None
    made: Mapping[str, str] = {}


class LeftOut(NamedTuple):
    """Something beside the code that is not kept: ``path`` from the top of the captured tree, a folder with its slash.

    ``why``: git ignores it; it is larger than the limit; it is a folder that tools make and make again; nobody may read
    it. ``size`` in bytes and ``digest`` (BLAKE3; of a folder over the paths and contents in it) say what it was; both
    are None where that was not looked at.
    """

    path: str
    why: Literal["ignored", "large", "tools", "unreadable"]
    size: int | None = None
    digest: str | None = None
    files: int | None = 1


class Nested(NamedTuple):
    """A repository inside the captured tree, a submodule or not: its files are part of the tree as they are."""

    path: str
    commit: str | None = None


class Committed(NamedTuple):
    """What the commit has at ``path`` where the captured tree has something else: mode and id as git writes them;
    neither where it has nothing (a folder with its slash then). ``unseen``: the file was there, and is not kept."""

    path: str
    mode: str | None = None
    oid: str | None = None
    unseen: bool = False


class Tag(NamedTuple):
    """A tag of the commit: its name below ``refs/tags``, and the tag itself as git keeps it where it is annotated."""

    name: str
    text: str | None = None


class Code(NamedTuple):
    """The files of a run's source as they were before it started.

    ``tree`` is the id of a git tree in the store that all runs share; ``base`` that of the commit's files where the
    files are not those of a commit. ``prefix`` is where the source's root lies in the tree: what is captured is the
    whole work tree. ``folders`` are the empty ones, which git's trees do not have. ``commit`` is the commit itself as
    git keeps it (UTF-8, other bytes as halves of surrogate pairs), ``committed`` how its files differ from the tree,
    ``tags`` the tags that name it.
    """

    tree: str
    base: str | None = None
    prefix: str = ""
    folders: tuple[str, ...] = ()
    nested: tuple[Nested, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    commit: str | None = None
    committed: tuple[Committed, ...] = ()
    tags: tuple[Tag, ...] = ()


class Record(NamedTuple):
    """Everything in a run's folder that is not its code, its log or what it made. ``machine`` is as it was written."""

    run: Run
    plan: Plan
    origin: Origin | None
    result: Result | None
    events: tuple[Event, ...]
    machine: dict[str, object]
    inputs: tuple[InputFile, ...] = ()
    outputs: tuple[OutputFile, ...] = ()
    metrics: Mapping[str, int | float | str] = {}
    code: Code | None = None
    imported: Imported | None = None


def read_plan(folder: RunFolder) -> Plan:
    """What was decided.

    Raises:
        RecordError: the folder is no run, or damaged.
    """
    plan = read_value(folder.plan, Plan)
    if plan is None:
        raise RecordError(f"{folder.path} is no run: it has no {folder.plan.name}")
    return plan


def read_result(folder: RunFolder) -> Result | None:
    """How the run ended, or None if it has not.

    Raises:
        RecordError: the file is damaged.
    """
    return read_value(folder.result, Result)


def read_realised(folder: RunFolder) -> Realised | None:
    """How the run came by its environment, or None if it never had one.

    Raises:
        RecordError: the file is damaged.
    """
    return read_value(folder.environment, Realised)


def read_code(folder: RunFolder) -> Code | None:
    """What was captured of the run's code, or None if nothing was.

    Raises:
        RecordError: the file is damaged.
    """
    return read_value(folder.captured, Code)


def read_lock(folder: RunFolder) -> EnvironmentLock | None:
    """The whole lock of the run's environment, from which it can be made again; None if it never had one.

    Raises:
        RecordError: a file is damaged, or does not belong to the other.
    """
    realised = read_realised(folder)
    if realised is None:
        return None
    try:
        text = folder.environment_lock.read_bytes().decode() if folder.environment_lock.exists() else ""
    except (OSError, UnicodeDecodeError) as problem:
        raise RecordError(f"{folder.environment_lock} is damaged: {problem}") from problem
    lock = realised.lock._replace(text=text)
    if lock.key != realised.key:
        raise RecordError(f"{folder.environment_lock} is not the lock that run {folder.id} was made from")
    return lock


def read_inputs(folder: RunFolder) -> tuple[InputFile, ...]:
    """What the command had to read, as far as that is declared.

    Raises:
        RecordError: the file is damaged.
    """
    return read_value(folder.input_files, tuple[InputFile, ...]) or ()


def read_outputs(folder: RunFolder) -> tuple[OutputFile, ...]:
    """What the command left, as far as that is declared, and its artifacts.

    Raises:
        RecordError: the file is damaged.
    """
    return read_value(folder.output_files, tuple[OutputFile, ...]) or ()


def read_metrics(folder: RunFolder) -> dict[str, int | float | str]:
    """What the command measured, by ``file:key``; a number that JSON cannot hold is a text: ``nan``, ``inf``, ``-inf``.

    Raises:
        RecordError: the file is damaged.
    """
    return read_value(folder.metrics, dict[str, int | float | str]) or {}


def read_imported(folder: RunFolder) -> Imported | None:
    """Where the run came from, or None if it ran here.

    Raises:
        RecordError: the file is damaged.
    """
    return read_value(folder.imported, Imported)


def read_lock_with_made(folder: RunFolder) -> EnvironmentLock | None:
    """The same, with the files that stand for something that it names, where the run came with such files.

    Raises:
        RecordError: a file is damaged, or does not belong to the other.
    """
    lock, imported = read_lock(folder), read_imported(folder)
    if lock is None or imported is None or not imported.made:
        return lock
    return lock._replace(made={**lock.made, **imported.made})


def read_given_lock(folder: RunFolder) -> EnvironmentLock:
    """The lock that the run's environment is to be made from.

    Raises:
        RecordError: it is not there, or damaged.
    """
    lock = read_value(folder.given_lock, EnvironmentLock)
    if lock is None:
        raise RecordError(f"{folder.path} lacks {folder.given_lock.name}, the lock that its plan names")
    return lock


def find_kept_input(folder: RunFolder, digest: str | None) -> Path | None:
    """The input with this digest that came with the run, None where none did."""
    try:
        names = os.listdir(folder.kept_inputs / digest) if digest and len(digest) == 64 and digest.isalnum() else []
    except OSError:
        return None
    return folder.kept_inputs / str(digest) / names[0] if names else None


def find_project_folder(folder: RunFolder) -> Path:
    """The project that the run was of: its own copy, or the folder that it was used in.

    Raises:
        RecordError: the folder is no run, or damaged.
    """
    source = read_plan(folder).source
    return (Path(source.root) if source.root is not None else folder.code) / source.subdirectory


def read_events(folder: RunFolder) -> tuple[Event, ...]:
    """The moves so far. A line that a full disk cut short is left out."""
    try:
        lines = folder.events.read_bytes().split(b"\n")
    except FileNotFoundError:
        return ()
    except OSError as problem:
        raise RecordError(f"cannot read {folder.events}: {problem.strerror}") from problem
    return tuple(event for line in lines if line and (event := _parse_event(line)) is not None)


def read_run(folder: RunFolder) -> Run:
    """The index's row, from the files alone.

    Raises:
        RecordError: the folder is no run, or damaged.
    """
    return summarise(
        folder, read_plan(folder), read_value(folder.created, Origin), read_events(folder), read_result(folder)
    )


def read_record(folder: RunFolder) -> Record:
    """Everything that is recorded.

    Raises:
        RecordError: the folder is no run, or damaged.
    """
    plan, origin, events, result = (
        read_plan(folder),
        read_value(folder.created, Origin),
        read_events(folder),
        read_result(folder),
    )
    machine = read_value(folder.machine, dict[str, object])
    run = summarise(folder, plan, origin, events, result)
    data = read_inputs(folder), read_outputs(folder), read_metrics(folder)
    return Record(
        run, plan, origin, result, events, machine or {}, *data, code=read_code(folder), imported=read_imported(folder)
    )


def summarise(
    folder: RunFolder, plan: Plan, origin: Origin | None, events: tuple[Event, ...], result: Result | None
) -> Run:
    """The index's row. A state is final here only with a result."""
    under_way = [event for event in events if not event.state.final]
    run = Run(
        id=folder.id,
        state=under_way[-1].state if under_way else State.QUEUED,
        exit_code=None,
        project=plan.project,
        entry_point=plan.entry_point,
        parameters={parameter.name: parameter.value for parameter in plan.parameters},
        created=origin.created if origin else events[0].time if events else _changed(folder.plan),
        started=next((event.time for event in under_way if event.state is State.RUNNING), None),
        ended=None,
        folder=str(folder.path),
        name=plan.name,
        source=plan.source.uri,
        commit=plan.source.commit,
        environment=plan.environment.kind,
        backend=plan.backend,
        repeats=plan.repeats,
    )
    return end(run, result) if result else run


def end(run: Run, result: Result) -> Run:
    """The run with what its result says of it."""
    return run._replace(
        state=result.state,
        exit_code=result.exit_code,
        started=result.started or run.started,
        ended=result.ended,
        reason=result.reason,
    )


def append_event(folder: RunFolder, event: Event) -> None:
    """Add a line to ``events``, in one write.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        descriptor = os.open(folder.events, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            # A line that a full disk cut short must not swallow this one.
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, b"\n" * torn + render_event(event))
        finally:
            os.close(descriptor)
    except OSError as problem:
        raise StorageError(f"cannot write {folder.events}: {problem.strerror or problem}") from problem


def render_event(event: Event) -> bytes:
    """The event's line."""
    plain = {name: value for name, value in to_plain(event).items() if value is not None}
    return json.dumps(plain).encode() + b"\n"


def _parse_event(line: bytes) -> Event | None:
    try:
        return decode(Event, line)
    except ValueError:
        return None


def read_value(path: Path, kind: type[T]) -> T | None:
    """The value in a JSON file of a run's folder, or None if there is no such file.

    Raises:
        RecordError: the file is damaged.
    """
    try:
        return decode(kind, path.read_bytes())
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return None
    except (OSError, ValueError, RecursionError) as problem:
        raise RecordError(
            f"{path} is damaged: {problem}", hint="reenact rm deletes it; other runs are not touched"
        ) from problem


def find_last_sign(folder: RunFolder) -> str:
    """When the run last wrote anything that we can tell."""
    return max(_changed(path) for path in (folder.log, folder.events, folder.plan))


def _changed(path: Path) -> str:
    try:
        return render_timestamp(path.stat().st_mtime)
    except OSError:
        return render_timestamp(0)
