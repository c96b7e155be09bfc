"""Timing of whole commands, one beside the other."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Command(NamedTuple):
    """A command to time: what it is called in the table, its arguments, where, and with which variables."""

    name: str
    argv: Sequence[str]
    cwd: Path
    environ: Mapping[str, str]


class Sample(NamedTuple):
    """Seconds of wall time, seconds of CPU time of the command and all it waited for, bytes of its peak memory."""

    wall: float
    cpu: float
    peak: int


def time_once(command: Command) -> Sample:
    """Run it once with its output thrown away; it must succeed."""
    started = time.perf_counter()
    child = os.posix_spawnp(
        "sh",
        ["sh", "-c", 'cd "$1" && shift && exec "$@" >/dev/null 2>&1', "sh", str(command.cwd), *command.argv],
        dict(command.environ),
    )
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - started
    if code := os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{command.name} ended with {code}: {' '.join(command.argv)}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def time_in_turn(
    commands: Sequence[Command], rounds: int, before: Callable[[Command], None] | None = None
) -> dict[str, Sample]:
    """The medians over ``rounds`` rounds in which every command runs once, so that all meet the same noise."""
    samples: dict[str, list[Sample]] = {command.name: [] for command in commands}
    for _ in range(rounds):
        for command in commands:
            if before is not None:
                before(command)
            samples[command.name].append(time_once(command))
    return {name: median(taken) for name, taken in samples.items()}


def median(samples: Sequence[Sample]) -> Sample:
    """The median of each measure on its own."""
    return Sample(
        statistics.median(s.wall for s in samples),
        statistics.median(s.cpu for s in samples),
        int(statistics.median(s.peak for s in samples)),
    )


def environment(**extra: str) -> dict[str, str]:
    """This process's variables less those that slow Python down, and ``extra``."""
    return {k: v for k, v in os.environ.items() if k not in {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}} | extra
