"""What watching a command costs: one that opens 20,000 files, without, with Python's own hook, and under strace."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.measure import Command, environment, time_in_turn
from benchmarks.peers import REENACT
from benchmarks.report import Table, hold, milliseconds

FILES = 20_000
ROUNDS = 7
SCRIPT = """\
import sys
for n in range(int(sys.argv[1])):
    with open(NAME, "rb") as file:
        file.read()
"""


def measure(scratch: Path) -> Table:
    """Medians in turn; every file is read once before."""
    for folder in range(1000):
        (scratch / "files" / str(folder)).mkdir(parents=True)
    for number in range(FILES):
        (scratch / "files" / str(number % 1000) / str(number)).write_bytes(b"x")
    project = scratch / "project"
    project.mkdir()
    (project / "different.py").write_text(SCRIPT.replace("NAME", "f'../files/{n % 1000}/{n}'"))
    (project / "same.py").write_text(SCRIPT.replace("NAME", "'../files/0/0'"))
    variables = environment(REENACT_HOME=str(scratch / "home"))
    hows = ["", "--trace", *(["--trace=strace"] if shutil.which("strace") else [])]
    commands = [
        Command(f"{name} files{', ' + how if how else ''}", _run(project, name, how), scratch, variables)
        for name in ("different", "same")
        for how in hows
    ]
    time_in_turn(commands, 1)
    taken = time_in_turn(commands, ROUNDS)
    plain = {name: taken[f"{name} files"].cpu for name in ("different", "same")}
    rows = [
        [name, milliseconds(s.wall), milliseconds(s.cpu), f"{(s.cpu - plain[name.split()[0]]) / FILES * 1e6:.1f} us"]
        for name, s in taken.items()
    ]
    more = (taken["different files, --trace"].cpu - plain["different"]) / FILES
    about = (
        f"A Python that opens and reads {FILES:,} files of one byte, each another or all the same. The run is whole."
    )
    verdict = hold("By the hook, more CPU for an open of another file", more, 50e-6, "{:.0f} us", 1e6)
    return Table("A traced command", about, ["", "wall", "CPU", "more CPU, an open"], rows, verdict)


def _run(project: Path, name: str, how: str) -> list[str]:
    (project / "MLproject").write_text(
        "entry_points:\n"
        f"  different: {{command: {sys.executable} different.py {FILES}}}\n"
        f"  same: {{command: {sys.executable} same.py {FILES}}}\n"
    )
    return [REENACT, "run", str(project), "-q", "--env-manager", "system", "-e", name, *([how] if how else [])]
