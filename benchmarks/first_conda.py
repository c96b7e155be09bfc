"""The first conda environment of a project, against rattler alone doing the same from the same channel."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks import rattler_alone
from benchmarks.channels import make_channel
from benchmarks.measure import Command, environment, time_in_turn
from benchmarks.peers import REENACT
from benchmarks.projects import make_conda_project
from benchmarks.report import Table, hold, milliseconds

ROUNDS = 11
PACKAGES = ("scikit-learn", "pandas")


def measure(scratch: Path) -> Table:
    """Medians in turn. Before each there is no solution, no package, no environment; ours has run before."""
    wanted = ("python", *PACKAGES)
    channel = make_channel(scratch / "channel", PACKAGES)
    project = make_conda_project(scratch / "project", channel, wanted)
    made = scratch / "made"
    variables = environment(REENACT_HOME=str(made))
    script = [sys.executable, str(rattler_alone.__file__), channel, str(made), *wanted]
    alone = Command("rattler: solve + lock + install + the command", script, scratch, variables)
    argv = [REENACT, "run", str(project), "--env-manager", "conda"]
    ours = Command("reenact run", argv, scratch, variables)

    def throw_away(_: Command) -> None:
        for name in ("environments", "locks", "packages", "channels", "prefix"):
            shutil.rmtree(made / name, ignore_errors=True)

    made.mkdir()
    time_in_turn([alone, ours], 1)
    taken = time_in_turn([alone, ours], ROUNDS, throw_away)
    rows = [[name, milliseconds(s.wall), milliseconds(s.cpu)] for name, s in taken.items()]
    ratio = taken[ours.name].wall / taken[alone.name].wall
    about = (
        f"Python, {' and '.join(PACKAGES)} from a channel in a folder, with no package cache. Of such a channel rattler"
        " checks no hashes; reenact does."
    )
    return Table("A first conda environment", about, ["", "wall", "CPU"], rows, hold("Ratio", ratio, 1.15, "{:.2f}", 1))
