"""A run of a project whose environment exists already, with its full record, against the bare command and the peers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from benchmarks.channels import make_channel
from benchmarks.measure import Command, Sample, environment, time_in_turn
from benchmarks.peers import REENACT, UV, install_mlflow, quietly
from benchmarks.projects import make_conda_project, make_locked_project, make_project
from benchmarks.report import Table, hold, milliseconds

ROUNDS = 25
MLFLOW_ROUNDS = 3


class Kind(NamedTuple):
    """A project whose environment is there: its bare command, and ours."""

    bare: Command
    ours: Command


def measure(scratch: Path) -> Table:
    """Wall, CPU and peak memory of each, and what is over the bare command."""
    variables = environment(REENACT_HOME=str(scratch / "home"))
    project = make_project(scratch / "project", ("six",))
    locked = make_locked_project(scratch / "locked", ("six",))
    conda = make_conda_project(scratch / "conda", make_channel(scratch / "channel", ()), ("python",))
    plain, *others = [
        _make_kind(what, [REENACT, "run", str(folder), *options], folder, variables)
        for what, folder, options in (
            ("", project, ()),
            (", uv.lock", locked, ()),
            (", conda", conda, ("--env-manager", "conda")),
        )
    ]
    quietly([UV, "sync", "--quiet"], cwd=project)
    by_uv = Command("uv run (no record)", [UV, "run", "--quiet", "noop.py", "0.5"], project, variables)
    help_page = Command("reenact --help", [REENACT, "--help"], scratch, variables)
    taken = time_in_turn([*plain, by_uv, help_page, *(command for kind in others for command in kind)], ROUNDS)
    mlflow = _make_mlflow(scratch, project)
    taken |= time_in_turn([mlflow], MLFLOW_ROUNDS)
    bases = {command.name: taken[kind.bare.name] for kind in others for command in kind}
    rows = [_make_row(name, sample, bases.get(name, taken[plain.bare.name])) for name, sample in taken.items()]
    run, base = taken[plain.ours.name], taken[plain.bare.name]
    verdict = " ".join(
        [
            hold("Over the bare command, wall", run.wall - base.wall, 0.1),
            hold("CPU", run.cpu - base.cpu, 0.1),
            *(hold(kind.ours.name, taken[kind.ours.name].wall - taken[kind.bare.name].wall, 0.1) for kind in others),
            hold("`reenact --help`", taken[help_page.name].wall, 0.08),
            hold("Peak memory", run.peak / 2**20, 40, "{:.0f} MiB", 1),
        ]
    )
    columns = ["", "wall", "CPU", "wall over bare", "CPU over bare", "peak memory"]
    return Table("A warm run", "`python noop.py` in an environment that is there already.", columns, rows, verdict)


def _make_kind(what: str, argv: list[str], project: Path, variables: dict[str, str]) -> Kind:
    """Run it once, so that its environment is there; the newest is its own."""
    quietly(argv, environ=variables)
    made = Path(variables["REENACT_HOME"], "environments").glob("*/reenact.json")
    python = max(made, key=lambda marker: marker.stat().st_mtime_ns).parent / "bin/python"
    bare = Command(f"bare command{what}", ["bash", "-c", f"'{python}' noop.py 0.5"], project, variables)
    return Kind(bare, Command(f"reenact run{what}", argv, project.parent, variables))


def _make_row(name: str, sample: Sample, base: Sample) -> list[str]:
    over = (milliseconds(sample.wall - base.wall), milliseconds(sample.cpu - base.cpu))
    return [name, milliseconds(sample.wall), milliseconds(sample.cpu), *over, f"{sample.peak / 2**20:.0f} MiB"]


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
