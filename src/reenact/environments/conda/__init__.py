"""A conda environment with no conda installed: solved, locked and linked by py-rattler, its ``pip:`` lines by uv.

Nothing of conda, mamba or micromamba is needed or started. ``locks/FAMILY/ASKED.json`` keeps what a request resolved
to, ``environments/KEY/`` is the prefix of a lock, complete when it holds the marker that was put there last; the marker
keeps what activation sets, so that a warm start reads two files and never loads rattler. What resolves and builds is
imported when it is called for.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from blake3 import blake3

from reenact.codec import canonical, decode
from reenact.environments import Place
from reenact.environments.launch import Launch, Site, launch_here
from reenact.environments.marker import Marker, read_marker
from reenact.environments.settings import decisive, platform_tag
from reenact.plan import Command, CondaSpec, EnvironmentLock
from reenact.project.types import Project
from reenact.values import NamedTuple
from reenact.world import World

DRIVER = Path("/proc/driver/nvidia/version")

UNSET = (
    "VIRTUAL_ENV",
    "VIRTUAL_ENV_PROMPT",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONEXECUTABLE",
    "__PYVENV_LAUNCHER__",
)
"""Variables of another environment, which would reach into this one."""


class Asked(NamedTuple):
    """The asked identity of an environment on this machine: whole, and without the content of local code."""

    key: str
    family: str


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
    family = blake3(canonical(("conda", wanted, around, index)))
    whole = family.copy()
    whole.update(canonical((sorted(pip.local.items()), sorted(spec.variables.items()), pip.files)))
    return Asked(whole.hexdigest(), family.hexdigest())


def lock(spec: CondaSpec, root: Path, world: World, *, upgrade: bool = False) -> EnvironmentLock:
    """What ``spec`` resolves to; what it resolved to before, until ``upgrade``.

    Raises:
        ProjectError: a match spec cannot be read.
        BuildError: it cannot be resolved.
        UnsupportedError: the extra ``conda`` is not installed.
    """
    asked = make_asked(spec, world.environ)
    path = world.home.locks / asked.family[:32] / f"{asked.key}.json"
    found = None if upgrade else find_lock(path)
    if found is None:
        from reenact.environments.conda.resolve import resolve

        found = resolve(spec, root, path, world, upgrade=upgrade)
    for note in found.notes:
        world.report.warn(note)
    return found


def find_lock(path: Path) -> EnvironmentLock | None:
    """The lock that is kept at ``path``, None if there is none."""
    try:
        return decode(EnvironmentLock, path.read_bytes())
    except (OSError, ValueError):
        return None


def realise(lock: EnvironmentLock, root: Path, world: World) -> Place:
    """The environment that ``lock`` describes, made if it is not there.

    Raises:
        BuildError: it cannot be made.
        StorageError: our home cannot be written.
        UnsupportedError: the extra ``conda`` is not installed, or the lock is for another platform.
    """
    key = lock.key
    folder = world.home.environments / key
    marker = find_marker(folder, key)
    if marker is None:
        from reenact.environments.conda.build import build

        marker = build(lock, folder, root, world)
    return Place("conda", str(folder), {**marker.variables, **lock.variables}, marker.programs)


def find_marker(folder: Path, key: str) -> Marker | None:
    """What the whole environment at ``folder`` says of itself, None if there is none."""
    marker = read_marker(folder)
    return marker if marker and marker.key == key and (folder / "conda-meta").is_dir() else None


def wrap(command: Command, place: Place, site: Site) -> Launch:
    """``command`` as ``conda activate`` would have it: the prefix first on the path, its variables, conda's own.

    What the packages' ``activate.d`` scripts set was found when the environment was made. The file's ``variables:``
    count more than the scripts, the command's own more than both.
    """
    prefix = place.path or ""
    conda = {"CONDA_PREFIX": prefix, "CONDA_DEFAULT_ENV": prefix, "CONDA_SHLVL": "1"}
    inside = command._replace(
        environment={**place.variables, **command.environment, **conda},
        unset=tuple(dict.fromkeys((*command.unset, *UNSET))),
        path=(*place.programs, f"{prefix}/bin", *command.path),
    )
    return launch_here(inside, site)


def _driver() -> str:
    """The first line of what the NVIDIA driver says of itself: ``__cuda`` changes with it."""
    try:
        with open(DRIVER, encoding="utf-8", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""
