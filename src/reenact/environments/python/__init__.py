"""A Python environment, made by uv: resolved first, then installed from the lock with every hash checked.

``locks/FAMILY/ASKED.json`` keeps what a request resolved to. A family is the same request whatever its local code
holds, so that an edit of the code keeps the versions of everything else. ``environments/KEY/`` is the environment of a
lock, complete when it holds the marker that was put there last. What is needed on every run is here; what resolves
and builds is imported when it is called for.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from blake3 import blake3

from reenact.codec import canonical, decode
from reenact.environments import LEADS_OUT, Place
from reenact.environments.launch import Launch, Site, launch_here
from reenact.environments.marker import read_marker
from reenact.environments.python.python_version import settle_python
from reenact.environments.settings import decisive, platform_tag
from reenact.plan import Command, EnvironmentLock, PythonSpec
from reenact.values import NamedTuple
from reenact.world import World


class Asked(NamedTuple):
    """The asked identity of an environment on this machine: whole, and without the content of local code."""

    key: str
    family: str


def make_asked(spec: PythonSpec, environ: Mapping[str, str]) -> Asked:
    """The asked identity: what is asked for, where it is looked for, and the platform. Notes do not count."""
    python = settle_python(spec.python, spec.as_of)
    wanted = (python, spec.build_dependencies, spec.dependencies, spec.constraints, spec.options)
    chosen = (spec.locked, spec.groups, spec.extras, spec.settings, spec.as_of, spec.accelerator)
    around = (platform_tag(), sorted(decisive(environ).items()))
    family = blake3(canonical((wanted, chosen, spec.lock_file, around)))
    whole = family.copy()
    content = (sorted(spec.local.items()), sorted(spec.frozen.items()), sorted(spec.variables.items()))
    whole.update(canonical((content, spec.files)))
    return Asked(whole.hexdigest(), family.hexdigest())


def lock(spec: PythonSpec, root: Path, world: World, *, upgrade: bool = False) -> EnvironmentLock:
    """What ``spec`` resolves to; what it resolved to before, for as long as its interpreter is there.

    Raises:
        BuildError: it cannot be resolved, or there is no such Python.
    """
    asked = make_asked(spec, world.environ)
    path = world.home.locks / asked.family[:32] / f"{asked.key}.json"
    found = None if upgrade else find_lock(path)
    if found is None:
        from reenact.environments.python.resolve import resolve

        found = resolve(spec, root, path, world, upgrade=upgrade)
    for note in found.notes:
        world.report.warn(note)
    return found


def find_lock(path: Path) -> EnvironmentLock | None:
    """The lock that is kept at ``path``, None if there is none that can be used."""
    try:
        found = decode(EnvironmentLock, path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if found.interpreter and os.access(found.interpreter, os.X_OK) else None


def realise(lock: EnvironmentLock, root: Path, world: World) -> Place:
    """The environment that ``lock`` describes, made if it is not there.

    Raises:
        BuildError: it cannot be made.
        StorageError: our home cannot be written.
    """
    key = lock.key
    folder = world.home.environments / key
    if not is_complete(folder, key):
        from reenact.environments.python.build import build

        build(lock, folder, root, world)
    return Place("python", str(folder), lock.variables)


def is_complete(folder: Path, key: str) -> bool:
    """Whether a whole environment is there, and its interpreter still is."""
    marker = read_marker(folder)
    return marker is not None and marker.key == key and os.access(folder / "bin" / "python", os.X_OK)


def wrap(command: Command, place: Place, site: Site) -> Launch:
    """``command`` with the environment's programs first on its path and no trace of another environment."""
    path = place.path or ""
    inside = command._replace(
        environment={**place.variables, **command.environment, "VIRTUAL_ENV": path},
        unset=tuple(dict.fromkeys((*command.unset, *LEADS_OUT))),
        path=(f"{path}/bin", *command.path),
    )
    return launch_here(inside, site)
