"""Real runs in a real home, for tests that look at them."""

from __future__ import annotations

import os
from pathlib import Path

from reenact.home import Home
from reenact.plan import BoundParameter, Command, Plan, Snapshot, SystemSpec
from reenact.records.files import read_run
from reenact.records.life import find_folder, finish, move, publish, stage
from reenact.report import Memory
from reenact.run_folder import RunFolder
from reenact.runs import Result, State
from reenact.world import World

NOON = 1_795_000_000.0

FINISHED = Result(State.FINISHED, 0, started="2026-11-18T11:06:41.000000Z", ended="2026-11-18T11:06:51.000000Z")


class Clock:
    """A clock that goes on a second whenever it is looked at."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        self.now += 1
        return self.now


def make_world(home: Home) -> World:
    return World(home, dict(os.environ), Path("/somewhere"), Memory(), Clock())


def told(world: World) -> list[tuple[str, str]]:
    assert isinstance(world.report, Memory)
    return world.report.told


def make_plan(
    project: str = "wine", entry_point: str = "main", name: str | None = None, **parameters: str | None
) -> Plan:
    bound = tuple(BoundParameter(key, value, "given") for key, value in parameters.items())
    source = Snapshot("directory", "/project", "/project")
    return Plan(project, entry_point, source, Command("python train.py"), SystemSpec(), bound, name=name)


def start(world: World, plan: Plan | None = None) -> tuple[RunFolder, int]:
    """A run that is under way, and the lock that keeps it alive."""
    staged = stage(world)
    run = publish(staged.path, plan or make_plan(), world)
    run = move(move(run, State.PREPARING, world), State.RUNNING, world)
    return find_folder(run), staged.alive


def record_run(world: World, plan: Plan | None = None, result: Result = FINISHED, log: bytes = b"") -> RunFolder:
    """A run that has ended."""
    folder, alive = start(world, plan)
    folder.log.write_bytes(log)
    finish(read_run(folder), result, world)
    os.close(alive)
    return folder
