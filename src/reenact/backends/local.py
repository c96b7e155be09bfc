"""This machine: a worker in a session of its own, which goes on when whoever asked for the run has left."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Mapping

from reenact.errors import RecordError, StorageError
from reenact.plan import RUN_DIR_VARIABLE, RUN_ID_VARIABLE, Plan
from reenact.process.detach import start_detached
from reenact.process.holder import Holder, find_birth, read_holder
from reenact.process.members import attempt
from reenact.records.files import read_run
from reenact.records.life import finish
from reenact.records.log import read_entries
from reenact.run_folder import RunFolder
from reenact.runs import Result, State
from reenact.world import World

GRACE = 10.0
"""Seconds that a cancelled command has to end, as when its runner is interrupted."""

_SURE = 5.0
_SHORTEST, _LONGEST = 0.01, 0.25


def render(plan: Plan, folder: RunFolder) -> str:
    """The command line of the worker."""
    return shlex.join(["python", "-P", "-m", "reenact.worker", str(folder.path)])


def submit(
    plan: Plan, folder: RunFolder, world: World, *, alive: int | None = None, secrets: Mapping[str, str] | None = None
) -> str:
    """Start the worker; returns its process number once it holds the run.

    ``alive`` is a descriptor that holds the run's lock: it goes to the worker and is closed here. ``secrets`` reach
    the worker through a pipe, so that they are in no argument list and in no environment but the command's.

    Raises:
        StorageError: the worker could not start; the run is recorded as failed.
    """
    if alive is None:
        alive = os.open(folder.alive, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        import fcntl

        fcntl.flock(alive, fcntl.LOCK_EX)
    # Its own id and not that of a run that we may be part of: it is to outlive that.
    environ = {name: value for name, value in world.environ.items() if name != RUN_DIR_VARIABLE}
    environ |= {RUN_ID_VARIABLE: folder.id, "REENACT_HOME": str(world.home.root)}
    try:
        greeting = start_detached(
            # -P: a file in the caller's directory must not stand in for one of Python's modules.
            [sys.executable, "-P", "-m", "reenact.worker", str(folder.path), "--detached", str(alive)],
            environ=environ,
            cwd=world.cwd,
            stdin=json.dumps(dict(secrets or {})).encode(),
            keep_open=(alive,),
        )
        if not greeting.announced:
            reason = f"the worker did not start: {greeting.text.strip() or 'it said nothing'}"
            now = world.timestamp()
            finish(read_run(folder), Result(State.FAILED, reason=reason, ended=now), world)
            raise StorageError(reason)
    finally:
        os.close(alive)
    holder = read_holder(folder.alive)
    return str(holder.pid) if holder else ""


def poll(job: str, folder: RunFolder) -> State:
    """Where it stands; lost if its worker is gone without a result."""
    alive = folder.is_alive
    state: State = read_run(folder).state
    return state if state.final or alive else State.LOST


def wait(job: str, folder: RunFolder) -> None:
    """Until nobody carries the run out any more."""
    import fcntl

    try:
        descriptor = os.open(folder.alive, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def logs(job: str, folder: RunFolder) -> Iterator[bytes]:
    """What the command printed, from its beginning to its end, as it comes."""
    while folder.is_alive and not folder.log.exists():
        time.sleep(_SHORTEST)
    if not folder.log.exists():
        return
    pause = _SHORTEST
    with open(folder.log, "rb") as file:
        for entry in read_entries(file, lambda: not folder.is_alive):
            if entry is not None:
                yield entry.printed
                pause = _SHORTEST
            else:
                time.sleep(pause)
                pause = min(pause * 1.5, _LONGEST)


def cancel(job: str, folder: RunFolder) -> None:
    """End the run and wait for its end: what SIGTERM does not end within the grace time, SIGKILL does.

    Raises:
        RecordError: it is carried out on another machine, or cannot be ended.
    """
    if not folder.is_alive:
        return
    holder = _get_holder(folder)
    if holder is None:
        return
    if holder.host != os.uname().nodename:
        raise RecordError(f"run {folder.id} is carried out on {holder.host}", hint=f"cancel it on {holder.host}")
    if not holder.listens:
        _end_group(folder)
        return
    if _signal(holder.pid, holder.born, signal.SIGTERM) and not _ends_within(folder, GRACE + _SURE):
        # Its guard ends the command.
        _signal(holder.pid, holder.born, signal.SIGKILL)
    if not _ends_within(folder, _SURE):
        raise RecordError(f"run {folder.id} does not end", hint=f"its worker is process {holder.pid}")


def _end_group(folder: RunFolder) -> None:
    """End a command whose runner is a thread of somebody's program, which must not be signalled itself."""
    holder = _get_holder(folder)
    if holder is None or holder.group is None:
        raise RecordError(f"run {folder.id} is still being prepared inside another program", hint="try again later")
    for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, _SURE)):
        if find_birth(holder.group) == holder.group_born:
            attempt(os.killpg, holder.group, number)
        if _ends_within(folder, patience):
            return
    raise RecordError(f"run {folder.id} does not end", hint=f"its command is process group {holder.group}")


def _get_holder(folder: RunFolder) -> Holder | None:
    """Who carries it out; None if nobody does any more. A worker that has just begun has not said yet."""
    while (holder := read_holder(folder.alive)) is None and not _ends_within(folder, 0.01):
        continue
    return holder


def _signal(pid: int, born: str, number: signal.Signals) -> bool:
    """Signal the process if it is still the same; whether it was."""
    if not born or find_birth(pid) != born:
        return False
    attempt(os.kill, pid, number)
    return True


def _ends_within(folder: RunFolder, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    pause = 0.005
    while folder.is_alive:
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return True
