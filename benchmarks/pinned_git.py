"""A second run of a git project at a pinned commit, whose server is gone, against the bare command."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Command, environment, time_in_turn
from benchmarks.peers import REENACT, quietly
from benchmarks.projects import make_project, make_repository
from benchmarks.report import Table, hold, milliseconds

ROUNDS = 15


def measure(scratch: Path) -> Table:
    """Medians in turn. The server is stopped after the first run, so nothing can be asked of it."""
    project = make_project(scratch / "project", ("six",))
    commit = make_repository(project)
    home = scratch / "home"
    quietly(["git", "clone", "--quiet", "--bare", str(project), str(scratch / "served" / "origin.git")])
    variables = environment(REENACT_HOME=str(home))
    with serving(scratch / "served") as address:
        argv = [REENACT, "run", f"{address}/origin.git", "-v", commit]
        quietly(argv, environ=variables)
    python = next(home.glob("environments/*/bin/python"))
    bare = Command("bare command", ["bash", "-c", f"'{python}' noop.py 0.5"], project, variables)
    ours = Command("reenact run URI -v COMMIT", argv, scratch, variables)
    taken = time_in_turn([bare, ours], ROUNDS)
    rows = [[name, milliseconds(s.wall), milliseconds(s.cpu)] for name, s in taken.items()]
    over = taken[ours.name].wall - taken[bare.name].wall
    about = "A checkout of its own for each run, from the mirror in the home; the server has been stopped."
    return Table(
        "A pinned git project again", about, ["", "wall", "CPU"], rows, hold("Over the bare command", over, 0.2)
    )


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The repositories in ``folder`` on the loopback interface; the address of the server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = [
        "git",
        "daemon",
        "--export-all",
        f"--base-path={folder}",
        "--listen=127.0.0.1",
        f"--port={port}",
        str(folder),
    ]
    server = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"git://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()
