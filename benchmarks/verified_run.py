"""What verifying costs over running again, and how fast two large files are compared."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Command, environment, time_in_turn
from benchmarks.peers import REENACT
from benchmarks.projects import make_project
from benchmarks.report import Table, hold, milliseconds

ROUNDS = 9
ROUNDS_OF_FILES = 3

WRITE = """\
import os, pathlib
folder = pathlib.Path(os.environ["REENACT_RUN_DIR"], "artifacts")
for at in range(10):
    (folder / f"scores{at}.csv").write_text("epoch,loss\\n" + "".join(f"{n},{n / 7}\\n" for n in range(1000)))
"""
MAKE = """\
import sys, numpy
from pathlib import Path
folder, numbers = Path(sys.argv[1]), numpy.random.default_rng(0).random((260_000, 10))
def write(name, array):
    rows = (",".join(map(repr, row)) for row in array.tolist())
    (folder / name).write_text("a,b,c,d,e,f,g,h,i,j\\n" + "\\n".join(rows) + "\\n")
some = numbers.copy()
some[::100] += 1e-9
for name, array in (("old", numbers), ("same", numbers), ("some", some), ("all", numbers + 1e-9)):
    write(f"{name}.csv", array)
large = numpy.random.default_rng(0).random(50 * 2**20 // 8)
numpy.savez(folder / "old.npz", w=large)
numpy.savez(folder / "all.npz", w=large + 1e-9)
"""
COMPARE = """\
import sys
from pathlib import Path
from reenact.project.types import Tolerance
from reenact.reproduce.compare import compare
assert compare(Path(sys.argv[1]), Path(sys.argv[2]), Tolerance(atol=1e-6)).verdict != "different"
"""
ALLCLOSE = """\
import sys, numpy
old, new = (numpy.load(name)["w"] for name in sys.argv[1:])
assert numpy.allclose(old, new, rtol=0, atol=1e-6)
"""


def measure(scratch: Path) -> Table:
    """Medians in turn, environment warm."""
    variables = environment(REENACT_HOME=str(scratch / "home"))
    project = make_project(scratch / "project", ())
    (project / "noop.py").write_text(WRITE)
    done = subprocess.run(
        [REENACT, "run", str(project), "--detach"], env=variables, check=True, capture_output=True, text=True
    )
    run = done.stdout.strip()
    subprocess.run([REENACT, "logs", "-f", run], env=variables, check=True, capture_output=True)
    again = [
        Command("reenact rerun", [REENACT, "rerun", run], scratch, variables),
        Command("reenact verify (10 outputs)", [REENACT, "verify", run], scratch, variables),
    ]
    time_in_turn(again, 1)
    taken = time_in_turn(again, ROUNDS)
    more = taken[again[1].name].wall - taken[again[0].name].wall
    subprocess.run([sys.executable, "-c", MAKE, str(scratch)], check=True)
    taken |= time_in_turn(_list_comparisons(scratch, variables), ROUNDS_OF_FILES)
    rows = [[name, milliseconds(s.wall), milliseconds(s.cpu), f"{s.peak / 2**20:.0f} MiB"] for name, s in taken.items()]
    about = (
        "A recorded run again, and judged; then two files of 50 MB, compared in a process of its own, and what is done "
        "without it. The first of the rows of a kind is the peer."
    )
    return Table("Verifying", about, ["", "wall", "CPU", "peak memory"], rows, hold("More than rerun", more, 0.1))


def _list_comparisons(scratch: Path, variables: dict[str, str]) -> list[Command]:
    def command(name: str, script: str, old: str, new: str) -> Command:
        return Command(name, [sys.executable, "-c", script, old, new], scratch, variables)

    return [
        Command("cmp, equal CSV", ["cmp", "old.csv", "same.csv"], scratch, variables),
        command("equal CSV", COMPARE, "old.csv", "same.csv"),
        command("CSV, 1 % of 2.6 million cells differ", COMPARE, "old.csv", "some.csv"),
        command("CSV, all cells differ", COMPARE, "old.csv", "all.csv"),
        command("numpy.allclose, npz", ALLCLOSE, "old.npz", "all.npz"),
        command("npz, all elements differ", COMPARE, "old.npz", "all.npz"),
    ]
