"""``requirements.txt``, and the lock that was made of it, where one is beside it."""

from __future__ import annotations

import shlex
from pathlib import Path, PurePosixPath

from reenact.environments.definition import read_bytes
from reenact.environments.python.python_version import read_version_file
from reenact.environments.python.request import Request, make_line, make_spec
from reenact.environments.python.requirement_lines import Line
from reenact.plan import PythonSpec
from reenact.project.diagnostics import Position
from reenact.project.environment_files import REQUIREMENTS_LOCKS, find_lock
from reenact.project.types import Project
from reenact.world import World


def ask(project: Project, root: Path, manager: str | None, world: World) -> PythonSpec:
    """What the requirements file asks for; with a lock beside it, in the versions of the lock.

    Raises:
        ProjectError: a file is missing or wrong.
    """
    source = project.environment
    name = source.file or "requirements.txt"
    read_bytes(root / name, name)
    folder = PurePosixPath(name).parent
    locks = REQUIREMENTS_LOCKS if name == "requirements.txt" else (f"{PurePosixPath(name).name}.lock",)
    lock = source.lock or find_lock(root / folder, locks)
    shown = None if lock is None else str(folder / lock)
    request = Request(
        origin=name,
        python=read_version_file(root, world),
        dependencies=(_line(name, root),),
        locks=() if shown is None else (_line(shown, root),),
    )
    spec = make_spec(request, root, world)
    return spec._replace(lock_file=shown) if shown else spec


def _line(name: str, root: Path) -> Line:
    return make_line(f"-r {shlex.quote(name)}", Position(name, 1, 1), root)
