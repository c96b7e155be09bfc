"""A conda environment with no conda installed: solved, locked and linked by py-rattler, its ``pip:`` lines by uv.

Nothing of conda, mamba or micromamba is needed or started. The marker of a prefix keeps what activation sets, so that a
warm start reads two files and never loads rattler. What resolves and builds is imported when it is called for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from reenact.environments import Place, launch_inside
from reenact.environments.launch import Launch, Site
from reenact.environments.once import Asked, find_or_make, find_or_resolve, make_identity
from reenact.environments.settings import decisive, platform_tag
from reenact.plan import Command, CondaSpec, EnvironmentLock
from reenact.project.types import Project
from reenact.world import World

DRIVER = Path("/proc/driver/nvidia/version")
PROOF = "conda-meta"
_PYTHON = r"(?:^|[;&|(\n])\s*(?:(?:exec|time|then|do|else|\w+=\S*)\s+)*(python[\d.]*|pip[\d.]*)(?=\s|$)"
"""A Python or its installer as the program of one of a command's commands."""


def ask(project: Project, root: Path, manager: str | None, world: World) -> CondaSpec:
    """What the project's conda file asks for.

    Raises:
        ProjectError: a file is missing or wrong; the line is named.
    """
    from reenact.environments.conda.request import make_spec

    source = project.environment
    return make_spec(source.file if source.key == "conda_env" and source.file else "conda.yaml", root, world)


def make_asked(spec: CondaSpec, environ: Mapping[str, str]) -> Asked:
    """The asked identity: what is asked for, where it is looked for, and what the machine has. Notes do not count."""
    pip = spec.pip
    wanted = (spec.channels, spec.packages, spec.as_of, pip.dependencies, pip.constraints, pip.options)
    overrides = {name: environ[name] for name in environ if name.startswith("CONDA_OVERRIDE_")}
    around = (platform_tag(), environ.get("CONDA_SUBDIR"), sorted(overrides.items()), _driver())
    index = sorted(decisive(environ).items()) if pip.dependencies else None
    content = (sorted(pip.local.items()), sorted(spec.variables.items()), pip.files)
    return make_identity(("conda", wanted, around, index), content)


def lock(spec: CondaSpec, root: Path, world: World, *, upgrade: bool = False) -> EnvironmentLock:
    """What ``spec`` resolves to; what it resolved to before, until ``upgrade``.

    Raises:
        ProjectError: a match spec cannot be read.
        BuildError: it cannot be resolved.
        UnsupportedError: the extra ``conda`` is not installed.
    """
    return find_or_resolve(spec, make_asked(spec, world.environ), root, world, upgrade=upgrade)


def realise(lock: EnvironmentLock, root: Path, world: World) -> Place:
    """The environment that ``lock`` describes, made if it is not there.

    Raises:
        BuildError: it cannot be made.
        StorageError: our home cannot be written.
        UnsupportedError: the extra ``conda`` is not installed, or the lock is for another platform.
    """
    return find_or_make(lock, PROOF, root, world)


def wrap(command: Command, place: Place, site: Site) -> Launch:
    """``command`` as ``conda activate`` would have it: the prefix first on the path, its variables, conda's own.

    What the packages' ``activate.d`` scripts set was found when the environment was made. The file's ``variables:``
    count more than the scripts, the command's own more than both.
    """
    prefix = place.path or ""
    if not os.path.exists(f"{prefix}/bin/python") and (found := re.search(_PYTHON, command.text)) is not None:
        _tell_of_other(found[1], place, site)
    own = {"CONDA_PREFIX": prefix, "CONDA_DEFAULT_ENV": prefix, "CONDA_SHLVL": "1"}
    return launch_inside(command, place, own, site)


def _driver() -> str:
    """The first line of what the NVIDIA driver says of itself: ``__cuda`` changes with it."""
    try:
        with open(DRIVER, encoding="utf-8", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""


def _tell_of_other(program: str, place: Place, site: Site) -> None:
    """Say whose Python runs where the environment has none; it is the caller's, as after ``conda activate``."""
    if any(os.path.exists(f"{folder}/{program}") for folder in (*place.programs, f"{place.path}/bin")):
        return
    other = site.world.find_program(program)
    spec = site.plan.environment
    file = (isinstance(spec, CondaSpec) and spec.origin) or "the conda file"
    which = f"that of the machine runs, {other}" if other else "there is none on PATH either"
    site.world.report.warn(f"the environment has no {program}: {which}; to have one, add python to {file}")
