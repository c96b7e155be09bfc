"""A Python environment, made by uv: resolved first, then installed from the lock with every hash checked.

What is needed on every run is here; what resolves and builds is imported when it is called for.
"""

from collections.abc import Mapping
from pathlib import Path

from reenact.environments import Place, launch_inside
from reenact.environments.launch import Launch, Site
from reenact.environments.once import Asked, find_or_make, find_or_resolve, make_identity
from reenact.environments.python.python_version import settle_python
from reenact.environments.settings import decisive, platform_tag
from reenact.plan import Command, EnvironmentLock, PythonSpec
from reenact.world import World

PROOF = "bin/python"
"""A link: where the interpreter that it leads to is gone, so is the environment."""


def make_asked(spec: PythonSpec, environ: Mapping[str, str]) -> Asked:
    """The asked identity: what is asked for, where it is looked for, and the platform. Notes do not count."""
    python = settle_python(spec.python, spec.as_of)
    wanted = (python, spec.build_dependencies, spec.dependencies, spec.constraints, spec.options)
    chosen = (spec.locked, spec.groups, spec.extras, spec.settings, spec.as_of, spec.accelerator)
    around = (platform_tag(), sorted(decisive(environ).items()))
    content = (sorted(spec.local.items()), sorted(spec.frozen.items()), sorted(spec.variables.items()))
    return make_identity((wanted, chosen, spec.lock_file, around), (content, spec.files))


def lock(spec: PythonSpec, root: Path, world: World, *, upgrade: bool = False) -> EnvironmentLock:
    """What ``spec`` resolves to; what it resolved to before, for as long as its interpreter is there.

    Raises:
        BuildError: it cannot be resolved, or there is no such Python.
    """
    return find_or_resolve(spec, make_asked(spec, world.environ), root, world, upgrade=upgrade)


def realise(lock: EnvironmentLock, root: Path, world: World) -> Place:
    """The environment that ``lock`` describes, made if it is not there.

    Raises:
        BuildError: it cannot be made.
        StorageError: our home cannot be written.
        UnsupportedError: the lock is for another platform.
    """
    return find_or_make(lock, PROOF, root, world)


def wrap(command: Command, place: Place, site: Site) -> Launch:
    """``command`` with the environment's programs first on its path and no trace of another environment."""
    return launch_inside(command, place, {"VIRTUAL_ENV": place.path or ""}, site)
