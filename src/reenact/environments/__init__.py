"""What a run needs around it. An environment is a module with four functions:

``ask(project: Project, root: Path, manager: str | None, world: World) -> EnvironmentSpec``
    Read the files that define it, below ``root`` (the project's folder), and say what they ask for. Makes nothing.
``lock(spec, root: Path, world: World, *, upgrade: bool = False) -> EnvironmentLock``
    Resolve it to exact artifacts. What was resolved before for the same asked identity is used again until
    ``upgrade``; then nothing is started and nothing asked of the network.
``realise(lock: EnvironmentLock, root: Path, world: World) -> Place``
    Make it exist, once, whoever else tries at the same time; a place that exists is returned at once.
``wrap(command: Command, place: Place) -> Command``
    The command as it has to be started inside. Pure.

The functions below choose the module. Which files define an environment is the question of :func:`ask` alone, and each
kind of file has its reader here; what they ask for, and how it is made, is one of the kinds in :data:`KINDS`.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from reenact.errors import ProjectError, UnsupportedError, UsageError
from reenact.plan import Command, EnvironmentLock, EnvironmentSpec
from reenact.project.types import EnvironmentKey, Project
from reenact.world import World

KINDS = {
    "system": "reenact.environments.system",
    "python": "reenact.environments.python",
}
"""The module of each kind of environment, by the ``kind`` of its spec, lock and place."""

READERS = {
    "python_env": "reenact.environments.python_env",
    "conda_env": "reenact.environments.conda_yaml",
}
"""The module whose ``ask`` reads the file under each key of a project file."""

CONVENTIONS: tuple[tuple[EnvironmentKey, str], ...] = (("python_env", "python_env.yaml"), ("conda_env", "conda.yaml"))
"""The files that define an environment where the project file names none, in the order in which they count."""

NONE = ("local", "system")
"""The managers that make no environment; ``local`` is MLflow's word."""

MANAGERS = (*NONE, "uv", "virtualenv", "conda")
"""The values of ``--env-manager``; ``virtualenv`` is done by uv."""

LEADS_OUT = (
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONEXECUTABLE",
    "__PYVENV_LAUNCHER__",
    "VIRTUAL_ENV",
    "VIRTUAL_ENV_PROMPT",
    "CONDA_DEFAULT_ENV",
    "CONDA_PREFIX",
    "CONDA_PROMPT_MODIFIER",
    "CONDA_SHLVL",
    "_CE_CONDA",
    "_CE_M",
)
"""The caller's variables by which an activated environment or a search path would reach into one of ours."""


class Place(NamedTuple):
    """Where a realised environment is; ``path`` is None where there is nothing to be inside of.

    ``variables`` are set for the command that runs in it.
    """

    kind: str
    path: str | None = None
    variables: Mapping[str, str] = {}


def ask(project: Project, root: Path, manager: str | None, world: World) -> EnvironmentSpec:
    """What ``project``, whose folder is ``root``, asks for under ``manager`` (None: whatever its file is for).

    Raises:
        UsageError: there is no such manager.
        ProjectError: a file is missing or wrong, or ``conda`` is asked to serve a file that is not conda's.
        UnsupportedError: this version cannot serve what is asked for; the hint says what works.
    """
    if manager is not None and manager not in MANAGERS:
        from reenact.project.nearest import did_you_mean

        hint = did_you_mean(manager, MANAGERS)
        raise UsageError(f"no environment manager '{manager}': choose one of {', '.join(MANAGERS)}", hint=hint)
    if manager in NONE:
        return _spec("reenact.environments.system", project, root, manager, world)
    key = project.environment.key
    if key == "docker_env":
        if manager not in ("uv", "virtualenv"):
            raise UnsupportedError(
                "this project asks for a container (docker_env), which cannot be started yet",
                hint="run it outside of one: --env-manager uv for a Python environment, system for none",
            )
        key = _find_convention(root)
    if manager == "conda":
        _refuse_conda(key)
    if manager == "virtualenv":
        world.report.note("--env-manager virtualenv: the environment is made by uv")
    return _spec(READERS[key or "python_env"], project, root, manager, world)


def lock(spec: EnvironmentSpec, root: Path, world: World, *, upgrade: bool = False) -> EnvironmentLock:
    """Resolve ``spec``, or find what it resolved to before."""
    found: EnvironmentLock = _module(spec.kind).lock(spec, root, world, upgrade=upgrade)
    return found


def realise(lock: EnvironmentLock, root: Path, world: World) -> Place:
    """Make what ``lock`` says exist, or find it."""
    place: Place = _module(lock.kind).realise(lock, root, world)
    return place


def wrap(command: Command, place: Place) -> Command:
    """``command`` as it has to be started inside ``place``."""
    wrapped: Command = _module(place.kind).wrap(command, place)
    return wrapped


def _find_convention(root: Path) -> EnvironmentKey | None:
    return next((key for key, name in CONVENTIONS if (root / name).is_file()), None)


def _refuse_conda(key: EnvironmentKey | None) -> None:
    if key != "conda_env":
        raise ProjectError(
            "python_env project cannot be executed using conda: its environment is not a conda file",
            hint="leave --env-manager out, or give uv",
        )
    raise UnsupportedError(
        "conda environments cannot be made by conda yet",
        hint="--env-manager uv installs from PyPI what the conda file asks for, and refuses what PyPI does not have",
    )


def _spec(module: str, project: Project, root: Path, manager: str | None, world: World) -> EnvironmentSpec:
    spec: EnvironmentSpec = import_module(module).ask(project, root, manager, world)
    return spec


def _module(kind: str) -> Any:
    if kind not in KINDS:
        raise UnsupportedError(
            f"this version knows no environment of kind '{kind}'", hint="it was planned by a newer reenact"
        )
    return import_module(KINDS[kind])
