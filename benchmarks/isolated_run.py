"""What keeping a command from the network and from writing costs, against the same run without."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import Command, environment, time_in_turn
from benchmarks.peers import REENACT
from benchmarks.projects import make_project
from benchmarks.report import Table, hold, milliseconds

ROUNDS = 21


def measure(scratch: Path) -> Table:
    """Medians in turn, environment and locks warm."""
    project = make_project(scratch / "project", ())
    variables = environment(REENACT_HOME=str(scratch / "home"))
    options = ((), ("--no-network",), ("--no-network", "--read-only"))
    commands = [
        Command(" ".join(("reenact run", *each)), [REENACT, "run", str(project), *each], scratch, variables)
        for each in options
    ]
    time_in_turn(commands, 1)
    taken = time_in_turn(commands, ROUNDS)
    rows = [[name, milliseconds(s.wall), milliseconds(s.cpu)] for name, s in taken.items()]
    more = taken[commands[-1].name].wall - taken[commands[0].name].wall
    about = "A command that does nothing, its environment warm. The machine is asked once whether it can, by doing it."
    return Table("Isolation", about, ["", "wall", "CPU"], rows, hold("More", more * 1000, 30, "{:.0f} ms", 1))
