"""A thousand runs of a no-op from one Python process, against a thousand bare spawns."""

from __future__ import annotations

from pathlib import Path
from sys import executable

from benchmarks.measure import environment
from benchmarks.peers import quietly
from benchmarks.report import Table, hold, milliseconds

RUNS = 1000
SCRIPT = """
import subprocess, sys, time
import reenact
project, count = sys.argv[1], int(sys.argv[2])
spawns, runs = [], []
for _ in range(count):
    began = time.perf_counter()
    subprocess.run(["bash", "-c", "true"], check=True)
    middle = time.perf_counter()
    reenact.run(project, env_manager="system")
    runs.append(time.perf_counter() - middle)
    spawns.append(middle - began)
print(sum(spawns) / count, sum(runs) / count)
"""


def measure(scratch: Path) -> Table:
    """The mean of each, taken in turn."""
    (scratch / "MLproject").write_text("name: noop\nentry_points:\n  main:\n    command: 'true'\n")
    variables = environment(REENACT_HOME=str(scratch / "home"))
    printed = quietly([executable, "-c", SCRIPT, str(scratch), str(RUNS)], environ=variables)
    spawn, run = map(float, printed.split())
    rows = [["subprocess.run", milliseconds(spawn)], ["reenact.run, recorded", milliseconds(run)]]
    about = f"{RUNS} of each in sequence from one process, without an environment; means."
    return Table("Many runs", about, ["", "each"], rows, hold("Over the spawn", run - spawn, 0.03))
