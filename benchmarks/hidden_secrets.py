"""What keeping secrets out of the log costs: a command that prints a lot, with none, with one, and with a long key."""

from __future__ import annotations

import base64
import json
import sys
import time
from pathlib import Path

from benchmarks.measure import Command, environment, time_in_turn
from benchmarks.peers import REENACT
from benchmarks.report import Table, hold, milliseconds
from reenact.process.log_writer import CHUNK
from reenact.scrub import Scrubber, Stream

SIZE = 64 << 20
ROUNDS = 5
WORST = 256 << 10
SCRIPT = f"""\
line = "epoch 17: loss=0.12345 accuracy=0.987 lr=1e-3 | 50%|#####     | 5/10 'quoted' path/to/file.csv\\n"
text = line * (({1 << 20}) // len(line))
for _ in range({SIZE >> 20}):
    print(text, end="")
"""
KEY = "-----BEGIN KEY-----\n" + base64.encodebytes(bytes(range(256)) * 6).decode() + "-----END KEY-----\n"
SECRETS = {"no secret": None, "one secret": "hush-5up3r-hush", "a key of 2 KB": KEY}


def measure(scratch: Path) -> Table:
    """Medians in turn; what is printed goes to /dev/null and to the log."""
    project = scratch / "project"
    project.mkdir()
    (project / "shout.py").write_text(SCRIPT)
    (project / "MLproject").write_text(
        "entry_points:\n"
        f"  main: {{command: {sys.executable} shout.py}}\n"
        f"  secret: {{parameters: {{key: {{secret: true}}}}, command: 'test {{key}} && {sys.executable} shout.py'}}\n"
    )
    variables = environment(REENACT_HOME=str(scratch / "home"))
    commands = [Command(name, _run(scratch, project, value), scratch, variables) for name, value in SECRETS.items()]
    time_in_turn(commands, 1)
    taken = time_in_turn(commands, ROUNDS)
    rows = [[name, milliseconds(s.wall), milliseconds(s.cpu), f"{_rate(s.wall):.0f} MB/s"] for name, s in taken.items()]
    about = f"A command that prints {SIZE >> 20} MiB of lines. The run is whole: planned, started, logged, recorded."
    more = (taken["one secret"].cpu - taken["no secret"].cpu) / (SIZE / 1e6)
    rows.append(_measure_worst())
    verdict = hold("More CPU for a megabyte that is searched for one secret", more, 0.02, "{:.1f} ms", 1e3)
    return Table("A log without secrets", about, ["", "wall", "CPU", "printed"], rows, verdict)


def _measure_worst() -> list[str]:
    """A log full of what a secret is made of, which can be read in many ways."""
    stream, data = Stream(Scrubber(["\\" * 32 + "end"])), b"\\" * WORST
    began = time.perf_counter(), time.process_time()
    for at in range(0, WORST, CHUNK):
        stream.feed(data[at : at + CHUNK])
    wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    name = f"{WORST >> 10} KiB of backslashes, in a process of ours, with a secret of 32 of them"
    return [name, milliseconds(wall), milliseconds(cpu), f"{WORST / 1e6 / wall:.2f} MB/s"]


def _rate(seconds: float) -> float:
    return SIZE / 1e6 / seconds


def _run(scratch: Path, project: Path, secret: str | None) -> list[str]:
    words = [REENACT, "run", "--quiet", "--env-manager", "system", str(project)]
    if secret is None:
        return words
    file = scratch / f"{len(secret)}.json"
    file.write_text(json.dumps({"key": secret}))
    return [*words, "-e", "secret", "--params-file", str(file)]
