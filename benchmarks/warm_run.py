"""A run of a project whose environment exists already, with its full record, against the bare command and the peers."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.measure import Command, environment, time_in_turn
from benchmarks.peers import REENACT, UV, install_mlflow, quietly
from benchmarks.projects import make_project
from benchmarks.report import Table, hold, milliseconds

ROUNDS = 25
MLFLOW_ROUNDS = 3


def measure(scratch: Path) -> Table:
    """Wall, CPU and peak memory of each, and what is over the bare command."""
    project = make_project(scratch / "project", ("six",))
    home = scratch / "home"
    variables = environment(REENACT_HOME=str(home))
    quietly([REENACT, "run", str(project)], environ=variables)
    python = next(home.glob("environments/*/bin/python"))
    quietly([UV, "sync", "--quiet"], cwd=project)
    bare = Command("bare command", ["bash", "-c", f"'{python}' noop.py 0.5"], project, variables)
    ours = Command("reenact run", [REENACT, "run", str(project)], scratch, variables)
    by_uv = Command("uv run (no record)", [UV, "run", "--quiet", "noop.py", "0.5"], project, variables)
    help_page = Command("reenact --help", [REENACT, "--help"], scratch, variables)
    taken = time_in_turn([bare, ours, by_uv, help_page], ROUNDS)
    mlflow = _make_mlflow(scratch, project)
    taken |= time_in_turn([mlflow], MLFLOW_ROUNDS)
    base = taken[bare.name]
    rows = [
        [name, milliseconds(s.wall), milliseconds(s.cpu), milliseconds(s.wall - base.wall),
         milliseconds(s.cpu - base.cpu), f"{s.peak / 2**20:.0f} MiB"]
        for name, s in taken.items()
    ]  # fmt: skip
    run = taken[ours.name]
    verdict = " ".join(
        [
            hold("Over the bare command, wall", run.wall - base.wall, 0.1),
            hold("CPU", run.cpu - base.cpu, 0.1),
            hold("`reenact --help`", taken[help_page.name].wall, 0.08),
            hold("Peak memory", run.peak / 2**20, 40, "{:.0f} MiB", 1),
        ]
    )
    columns = ["", "wall", "CPU", "wall over bare", "CPU over bare", "peak memory"]
    return Table("A warm run", "`python noop.py` in an environment that is there already.", columns, rows, verdict)


def _make_mlflow(scratch: Path, project: Path) -> Command:
    program = install_mlflow(scratch)
    variables = environment(
        MLFLOW_TRACKING_URI=f"sqlite:///{scratch}/mlflow.db",
        MLFLOW_ENV_ROOT=str(scratch / "mlflow-envs"),
        PATH=f"{os.path.dirname(UV)}:{os.environ['PATH']}",
    )
    argv = [program, "run", "--env-manager", "uv", str(project)]
    quietly(argv, cwd=scratch, environ=variables)
    return Command("mlflow run (uv)", argv, scratch, variables)
