"""What a run needs around it. An environment is a module with four functions:

``ask(project: Project, root: Path, manager: str | None, world: World) -> EnvironmentSpec``
    Read the files that define it, below ``root`` (the project's folder), and say what they ask for. Makes nothing.
``lock(spec, root: Path, world: World, *, upgrade: bool = False) -> EnvironmentLock``
    Resolve it to exact artifacts. What was resolved before for the same asked identity is used again until
    ``upgrade``; then nothing is started and nothing asked of the network.
``realise(lock: EnvironmentLock, root: Path, world: World) -> Place``
    Make it exist, once, whoever else tries at the same time; a place that exists is returned at once.
``wrap(command: Command, place: Place, site: Site) -> Launch``
    The command of the run at ``site`` as it has to be started inside. Starts and writes nothing.

The functions below choose the module. Which files define an environment is the question of :func:`ask` alone, and each
kind of file has its reader here; what they ask for, and how it is made, is one of the kinds in :data:`KINDS`.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from reenact.document_cache import find_documents
from reenact.environments.launch import Launch, Site, launch_here
from reenact.errors import ProjectError, StorageError, UnsupportedError, UsageError
from reenact.hints import Any
from reenact.plan import (
    Command,
    CommittedLock,
    CondaSpec,
    DockerSpec,
    EnvironmentLock,
    EnvironmentSpec,
    PythonSpec,
    SystemSpec,
)
from reenact.project.environment_files import find_environment
from reenact.project.types import EnvironmentKey, Project
from reenact.values import NamedTuple
from reenact.world import World

KINDS = {
    "system": "reenact.environments.system",
    "python": "reenact.environments.python",
    "conda": "reenact.environments.conda",
    "docker": "reenact.environments.docker",
}
"""The module of each kind of environment, by the ``kind`` of its spec, lock and place."""

READERS: dict[EnvironmentKey, str] = {
    "python_env": "reenact.environments.python.python_env",
    "conda_env": "reenact.environments.conda.translation",
    "pyproject": "reenact.environments.python.pyproject",
    "pylock": "reenact.environments.python.pylock",
    "requirements": "reenact.environments.python.requirements_txt",
    "script": "reenact.environments.python.script",
    "docker_env": "reenact.environments.docker",
}
"""The module whose ``ask`` reads each kind of file. Which file counts where the project file names none is the table
in :mod:`reenact.project.environment_files`."""

ISOLATING: tuple[str, ...] = ("docker",)
"""The kinds that keep a command from the network and from writing by means of their own, as ``wrap`` is asked to."""

ATTEMPTS = 5
"""How often an environment that somebody deletes at the same moment is made again."""

NONE = ("local", "system")
"""The managers that make no environment; ``local`` is MLflow's word."""

MANAGERS = (*NONE, "uv", "virtualenv", "conda")
"""The values of ``--env-manager``; ``virtualenv`` is done by uv."""

MANAGER_OF = {"system": "system", "python": "uv", "conda": "conda"}
"""The manager that leads to a kind of environment where the project's file alone might not."""

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

    ``variables`` are set for the command that runs in it; ``programs`` are folders that go before its own on ``PATH``.
    A kind may have a place of its own that has the same and more.
    """

    kind: str
    path: str | None = None
    variables: Mapping[str, str] = {}
    programs: tuple[str, ...] = ()


class Inside(NamedTuple):
    """A place that stays as long as ``held``, a descriptor, is open (None where there is nothing to hold).

    ``made`` says that it was not there before.
    """

    place: Place
    held: int | None = None
    made: bool = False


class Variant(NamedTuple):
    """Which of the environments that a request can resolve to: as the index stood at a moment (RFC 3339, UTC), and
    PyTorch's packages built for an accelerator (``cpu``, ``cu126``, ...)."""

    as_of: str | None = None
    accelerator: str | None = None


PLAIN = Variant()


def ask(project: Project, root: Path, manager: str | None, world: World, variant: Variant = PLAIN) -> EnvironmentSpec:
    """What ``project``, whose folder is ``root``, asks for under ``manager`` (None: whatever its file is for).

    Raises:
        UsageError: there is no such manager, or the environment has no such variant.
        ProjectError: a file is missing or wrong, or ``conda`` is asked to serve a file that is not conda's.
        UnsupportedError: this version cannot serve what is asked for; the hint says what works.
    """
    if manager is not None and manager not in MANAGERS:
        from reenact.project.nearest import did_you_mean

        hint = did_you_mean(manager, MANAGERS)
        raise UsageError(f"no environment manager '{manager}': choose one of {', '.join(MANAGERS)}", hint=hint)
    if manager in NONE:
        return _with_variant(_spec("reenact.environments.system", project, root, manager, world), variant)
    key = project.environment.key
    if key == "docker_env" and manager in ("uv", "virtualenv"):
        project = project._replace(environment=find_environment(root, find_documents(world.home)))
        key = project.environment.key
    if manager == "conda" and key != "conda_env":
        raise ProjectError(
            "python_env project cannot be executed using conda: its environment is not a conda file",
            hint="leave --env-manager out, or give uv",
        )
    if key == "conda_env" and (manager == "conda" or (manager is None and _needs_conda(project, root, world))):
        return _with_variant(_with_notes(_spec(KINDS["conda"], project, root, manager, world), project), variant)
    if manager == "virtualenv":
        world.report.note("--env-manager virtualenv: the environment is made by uv")
    spec = _spec(READERS[key or "python_env"], project, root, manager, world)
    return _with_variant(_with_notes(spec, project), variant)


def lock(
    spec: EnvironmentSpec,
    root: Path,
    world: World,
    *,
    upgrade: bool = False,
    committed: CommittedLock | None = None,
) -> EnvironmentLock:
    """What ``committed`` says where it answers ``spec``; else resolve it, or find what it resolved to before."""
    if committed is not None and not committed.stale and not upgrade:
        from reenact.environments.committed import adopt

        return adopt(committed, spec, root, world)
    found: EnvironmentLock = _module(spec.kind).lock(spec, root, world, upgrade=upgrade)
    return found


def realise(lock: EnvironmentLock, root: Path, world: World) -> Place:
    """Make what ``lock`` says exist, or find it."""
    place: Place = _module(lock.kind).realise(lock, root, world)
    return place


def enter(
    lock: EnvironmentLock,
    root: Path,
    world: World,
    realise: Callable[[EnvironmentLock, Path, World], Place] = realise,
) -> Inside:
    """The environment that ``lock`` describes, made if it is not there, and held so that nobody takes it away.

    Raises:
        BuildError: it cannot be made.
        StorageError: our home cannot be written.
    """
    began = world.timestamp()
    for _ in range(ATTEMPTS):
        place = realise(lock, root, world)
        if place.path is None or Path(place.path).parent != world.home.environments:
            return Inside(place, made=getattr(place, "made", False))
        from reenact.environments.shelf import find_made, occupy

        held = occupy(Path(place.path))
        if held is not None:
            return Inside(place, held, find_made(held) >= began)
    raise StorageError(
        f"the environment at {place.path} is taken away as often as it is made", hint="stop reenact env gc"
    )


def wrap(command: Command, place: Place, site: Site) -> Launch:
    """``command`` of the run at ``site`` as it has to be started inside ``place``."""
    wrapped: Launch = _module(place.kind).wrap(command, place, site)
    return wrapped


def launch_inside(command: Command, place: Place, own: Mapping[str, str], site: Site) -> Launch:
    """``command`` with the programs of ``place`` first on its path, and no trace of another environment but ``own``.

    What the command itself sets counts more than what the place does, and ``own`` more than both.
    """
    inside = command._replace(
        environment={**place.variables, **command.environment, **own},
        unset=tuple(dict.fromkeys((*command.unset, *LEADS_OUT))),
        path=(*place.programs, f"{place.path}/bin", *command.path),
    )
    return launch_here(inside, site)


def _with_notes(spec: EnvironmentSpec, project: Project) -> EnvironmentSpec:
    """``spec`` with a note for each file that could have defined the environment and is no part of it."""
    files = spec.pip.files if isinstance(spec, CondaSpec) else getattr(spec, "files", ())
    over = [each for each in project.environment.passed_over if each.file not in files]
    notes = (f"{each.file} is not used: {each.reason}" for each in over)
    return spec if isinstance(spec, SystemSpec | DockerSpec) else spec._replace(notes=(*notes, *spec.notes))


def _with_variant(spec: EnvironmentSpec, variant: Variant) -> EnvironmentSpec:
    for name, value in variant._asdict().items():
        if value is None:
            continue
        option = f"--{name.replace('_', '-')}"
        if name not in spec._fields:
            raise UsageError(f"{option} means nothing here: the environment is of the kind '{spec.kind}'")
        if isinstance(spec, PythonSpec) and spec.lock_file is not None:
            message = f"{option} cannot change what {spec.lock_file} says: its versions are taken as they are"
            raise UsageError(message, hint=f"leave {option} out, or make {spec.lock_file} anew")
        spec = spec._replace(**{name: value})
        if isinstance(spec, CondaSpec):
            spec = spec._replace(pip=spec.pip._replace(**{name: value}))
    return spec


def _needs_conda(project: Project, root: Path, world: World) -> bool:
    from reenact.environments.conda.file import read_conda_file
    from reenact.environments.conda.request import needs_conda
    from reenact.report import Silence

    file = project.environment.file or "conda.yaml"
    reason = needs_conda(read_conda_file(file, root, world._replace(report=Silence())))
    if reason:
        world.report.note(f"the environment is made from conda packages: {reason}")
    return reason is not None


def _spec(module: str, project: Project, root: Path, manager: str | None, world: World) -> EnvironmentSpec:
    spec: EnvironmentSpec = import_module(module).ask(project, root, manager, world)
    return spec


def _module(kind: str) -> Any:
    if kind not in KINDS:
        raise UnsupportedError(
            f"this version knows no environment of kind '{kind}'", hint="it was planned by a newer reenact"
        )
    return import_module(KINDS[kind])
