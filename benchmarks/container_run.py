"""A run inside a container whose image is there, against plain ``docker run`` of the same image."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.environments.docker.base_image import write_base_image

from benchmarks.measure import Command, environment, time_in_turn
from benchmarks.peers import REENACT, quietly
from benchmarks.projects import make_container_project
from benchmarks.report import Table, hold, milliseconds
from reenact.environments.docker.engine import Engine, find_engine
from reenact.errors import UnsupportedError
from reenact.home import Home
from reenact.report import Silence
from reenact.world import World

ROUNDS = 250
"""An engine takes 50 ms more or less for the same: two medians of 100 rounds differ by up to 9 ms by chance."""
TITLE = "A run in a container"


def measure(scratch: Path) -> Table:
    """Medians in turn: the same image, command, folder, user and network."""
    variables = environment(REENACT_HOME=str(scratch / "home"))
    try:
        engine = find_engine(World(Home(scratch / "home"), variables, scratch, Silence()))
    except UnsupportedError:
        return Table(TITLE, "", (), (), "Not measured: no container engine answered.")
    image = make_image(engine, scratch / "image.tar")
    try:
        return _measure(engine.program, image, scratch, variables)
    finally:
        quietly([engine.program, "rmi", "--force", image])


def _measure(program: str, image: str, scratch: Path, variables: dict[str, str]) -> Table:
    project = make_container_project(scratch / "project", image)
    inside = "/mlflow/projects/code"
    options = ["--rm", "--init", "--interactive", "--pull", "never", "--user", f"{os.geteuid()}:{os.getegid()}"]
    options += ["--volume", f"{project}:{inside}", "--workdir", inside]
    argv = [program, "run", *options, image, "sh", "-c", "python noop.py 0.5"]
    name = os.path.basename(program)
    bare = Command(f"{name} run", argv, scratch, variables)
    ours = Command("reenact run", [REENACT, "run", str(project)], scratch, variables)
    time_in_turn([bare, ours], 2)
    taken = time_in_turn([bare, ours], ROUNDS)
    over = taken[ours.name].wall - taken[bare.name].wall
    rows = [[name, milliseconds(s.wall), milliseconds(s.cpu)] for name, s in taken.items()]
    about = "`python noop.py` in a container of its own, with the project mounted. CPU is that of the clients."
    return Table(TITLE, about, ["", "wall", "CPU"], rows, hold(f"Over `{name} run`", over, 0.06))


def make_image(engine: Engine, tar: Path) -> str:
    """The name of an image with this machine's Python and shell, made on the spot; no registry is asked."""
    name = f"reenact-bench:{os.getpid()}"
    with tar.open("wb") as file:
        write_base_image(file)
    settings = ["--change", "ENV PATH=/usr/local/bin:/usr/bin:/bin"]
    with tar.open("rb") as file:
        subprocess.run([engine.program, "import", *settings, "-", name], stdin=file, check=True, capture_output=True)
    tar.unlink()
    return name
