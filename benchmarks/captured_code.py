"""What it costs to keep the code of a run, beside git looking at the same work tree; and to run it again from there."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Command, environment, time_in_turn, time_once
from benchmarks.peers import REENACT
from benchmarks.projects import make_project, make_repository
from benchmarks.report import Table, hold, milliseconds
from reenact.home import Home
from reenact.report import Silence
from reenact.sources.capture import capture_in_place
from reenact.sources.capture.memo import find_memo
from reenact.world import World

FILES = 1000
MANY = 10_000
ROUNDS = 25
BOUND = 0.025


def measure(scratch: Path) -> Table:
    """Medians: a first capture, one of an unchanged tree, one after a change, each of a repository of text files."""
    world = World(Home(scratch / "home"), environment(), scratch, Silence())
    work, many = (make_work_tree(scratch / str(count), count) for count in (FILES, MANY))
    rows = [["git status", milliseconds(time_git(work, ROUNDS)), milliseconds(time_git(many, 5))]]
    first = [_time_capture(tree, world) for tree in (work, many)]
    unchanged = [_time_unchanged(tree, world) for tree in (work, many)]
    changed = [_time_changed(tree, world) for tree in (work, many)]
    rows += [
        [name, *map(milliseconds, taken)]
        for name, taken in (
            ("first capture", first),
            ("capture, nothing changed", unchanged),
            ("capture, one file changed", changed),
        )
    ]
    run, again = _time_rerun(scratch)
    rows += [["reenact run", milliseconds(run), ""], ["reenact rerun of it", milliseconds(again), ""]]
    columns = ["", f"{FILES:,} files", f"{MANY:,} files"]
    about = "A git repository of text files. Runs are of a project of three files, in an environment that is there."
    verdict = hold(f"Nothing changed among {FILES:,} files", unchanged[0], BOUND)
    return Table("The code of a run", about, columns, rows, verdict)


def make_work_tree(folder: Path, count: int) -> Path:
    """A repository with so many small files."""
    for number in range(count):
        path = folder / f"part{number % 50}" / f"module{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"value = {number}\n" * 20)
    make_repository(folder)
    return folder


def time_git(work: Path, rounds: int) -> float:
    """Seconds that git takes to say that nothing changed."""
    command = Command("git status", ["git", "status", "--porcelain"], work, environment())
    return statistics.median(time_once(command).wall for _ in range(rounds))


def time_call(call: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _time_capture(work: Path, world: World) -> float:
    return time_call(lambda: capture_in_place(work, world))


def _time_unchanged(work: Path, world: World) -> float:
    while find_memo(work.resolve(), world).find_known() is None:
        capture_in_place(work, world)
    return statistics.median(_time_capture(work, world) for _ in range(ROUNDS))


def _time_changed(work: Path, world: World) -> float:
    taken = []
    for number in range(5):
        (work / "part0" / "module0.py").write_text(f"value = {number}\n")
        taken.append(_time_capture(work, world))
    return statistics.median(taken)


def _time_rerun(scratch: Path) -> tuple[float, float]:
    project = make_project(scratch / "project", ())
    variables = environment(REENACT_HOME=str(scratch / "home"))
    run = Command("reenact run", [REENACT, "run", str(project), "--run-name", "first"], scratch, variables)
    time_once(run)
    time_once(run)
    again = Command("reenact rerun", [REENACT, "rerun", "@"], scratch, variables)
    taken = time_in_turn([run, again], 11)
    return taken[run.name].wall, taken[again.name].wall
