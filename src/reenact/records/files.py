"""The small files in a run's folder as values (:mod:`reenact.records.types`), and the run that they add up to."""

from __future__ import annotations

import os
from pathlib import Path

from reenact.codec import decode
from reenact.errors import RecordError
from reenact.hints import TypeVar
from reenact.plan import EnvironmentLock, Plan
from reenact.records.events import read_events
from reenact.records.types import (
    Code,
    Event,
    Imported,
    InputFile,
    Origin,
    OutputFile,
    Realised,
    Record,
)
from reenact.run_folder import RunFolder
from reenact.runs import Result, Run, State
from reenact.world import render_timestamp

T = TypeVar("T")


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
            f"{path} is damaged: {problem}", hint="reenact rm with its whole id deletes it; other runs are not touched"
        ) from problem


def find_last_sign(folder: RunFolder) -> str:
    """When the run last wrote anything that we can tell."""
    return max(_changed(path) for path in (folder.log, folder.events, folder.plan))


def _changed(path: Path) -> str:
    try:
        return render_timestamp(path.stat().st_mtime)
    except OSError:
        return render_timestamp(0)
