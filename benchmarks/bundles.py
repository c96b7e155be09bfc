"""What it costs to write a run to one file and to take it out again, beside ``tar --zstd`` with the same files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from benchmarks.measure import Command, environment, time_in_turn
from benchmarks.peers import REENACT, quietly
from benchmarks.projects import make_project
from benchmarks.report import Table, hold, milliseconds

ROUNDS = 7
FILES = 500
PACKAGES = ("numpy==2.2.1", "six==1.17.0")


def measure(scratch: Path) -> Table:
    """Medians in turn; the packages have been fetched by an export before."""
    project = make_project(scratch / "project", PACKAGES)
    for number in range(FILES):
        (project / f"module_{number}.py").write_text(f"value = {number}\n" * 50)
    home, other = scratch / "home", scratch / "other"
    here = environment(REENACT_HOME=str(home))
    quietly([REENACT, "run", str(project)], scratch, here)
    (run,) = json.loads(quietly([REENACT, "ls", "--json"], scratch, here))
    rows: list[list[str]] = []
    more = 0.0
    for about, options in (("record and code", ()), ("with packages", ("--with-packages",))):
        bundle, plain, unpacked = scratch / "run.tar.zst", scratch / "plain.tar.zst", scratch / "unpacked"
        quietly([REENACT, "export", run["id"], "-o", str(bundle), *options], scratch, here)
        unpacked.mkdir()
        quietly(["tar", "--zstd", "-xf", str(bundle)], unpacked)
        commands = [
            Command("export", [REENACT, "export", run["id"], "-o", str(bundle), *options], scratch, here),
            Command("tar --zstd -cf", ["tar", "--zstd", "-cf", str(plain), "."], unpacked, here),
            Command("import", [REENACT, "import", str(bundle)], scratch, environment(REENACT_HOME=str(other))),
            Command("tar --zstd -xf", ["tar", "--zstd", "-xf", str(plain)], scratch / "again", here),
        ]

        def start_empty(command: Command) -> None:
            for folder in (other, scratch / "again"):
                shutil.rmtree(folder, ignore_errors=True)
            (scratch / "again").mkdir()

        taken = time_in_turn(commands, ROUNDS, start_empty)
        size = f"{bundle.stat().st_size / 1e6:.1f} MB"
        rows += [[f"{name}, {about}", size, milliseconds(s.wall), milliseconds(s.cpu)] for name, s in taken.items()]
        more = max(more, taken["import"].cpu - taken["tar --zstd -xf"].cpu)
        shutil.rmtree(unpacked)
    told = (
        f"A run with {FILES} files of code, numpy and six. An export reads every file twice, for its digests come"
        " first; an import checks every byte against two digests and the code against its git tree."
    )
    return Table("Bundles", told, ["", "size", "wall", "CPU"], rows, hold("Import beyond tar, CPU", more, 1.5))
