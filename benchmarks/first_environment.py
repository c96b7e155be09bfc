"""The first environment of a project, against uv doing the same resolve and install with the same cache state."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.measure import Command, environment, time_in_turn
from benchmarks.peers import REENACT, UV
from benchmarks.projects import make_project
from benchmarks.report import Table, hold, milliseconds

ROUNDS = 9
PACKAGES = ("scikit-learn", "pandas")


def measure(scratch: Path) -> Table:
    """Medians in turn; uv's own cache is warm for both, everything else is thrown away before each."""
    project = make_project(scratch / "project", PACKAGES)
    made = scratch / "made"
    variables = environment(REENACT_HOME=str(made / "home"))
    (scratch / "wanted.in").write_text("\n".join(PACKAGES) + "\n")
    steps = [
        f"'{UV}' venv -q --python '{sys.executable}' '{made}/venv'",
        f"'{UV}' pip compile -q --python '{made}/venv/bin/python' --generate-hashes -o '{made}/pylock.toml' wanted.in",
        f"'{UV}' pip sync -q --python '{made}/venv/bin/python' '{made}/pylock.toml'",
        f"'{made}/venv/bin/python' '{project}/noop.py' 0.5",
    ]
    bare = Command(
        "uv venv + pip compile + pip sync + the command", ["bash", "-ec", "\n".join(steps)], scratch, variables
    )
    ours = Command("reenact run", [REENACT, "run", str(project)], scratch, variables)

    def throw_away(_: Command) -> None:
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()

    time_in_turn([bare], 1, throw_away)
    taken = time_in_turn([bare, ours], ROUNDS, throw_away)
    rows = [[name, milliseconds(s.wall), milliseconds(s.cpu)] for name, s in taken.items()]
    ratio = taken[ours.name].wall / taken[bare.name].wall
    about = f"{' and '.join(PACKAGES)}, nothing there but uv's own cache; a lock with hashes is made by both."
    return Table("A first environment", about, ["", "wall", "CPU"], rows, hold("Ratio", ratio, 1.15, "{:.2f}", 1))
