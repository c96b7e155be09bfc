"""The project as values: Project, EntryPoint, Parameter and what the author says of the environment.

All values here and in the rest of the core are ``NamedTuple``: frozen and typed like a frozen dataclass, but
a sixth of its cost to define, which a command that starts in tens of milliseconds can feel (DESIGN.md).
"""

from reenact.hints import Literal
from reenact.project.diagnostics import Diagnostic, Position
from reenact.values import NamedTuple

EnvironmentKey = Literal["python_env", "conda_env", "docker_env", "pyproject", "pylock", "requirements", "script"]
"""What kind of file says what a project runs in: the first three are keys of the project file too."""


class Parameter(NamedTuple):
    """A declared parameter.

    ``type`` is the canonical name (``string float int bool path uri list[...]``), or the author's own word
    where it is none of these. ``default`` is the text that MLflow would substitute: ``str()`` of the YAML value.
    ``required`` means that a run cannot start without a value.
    """

    name: str
    type: str = "string"
    default: str | None = None
    required: bool = True
    choices: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None
    secret: bool = False
    description: str | None = None
    position: Position | None = None


class Tolerance(NamedTuple):
    """How far two results may lie apart and still count as the same; nothing given: not at all.

    Numbers match when ``|a - b| <= atol + rtol * max(|a|, |b|)``. ``ignore`` names what is not looked at: columns, key
    paths, members of an archive.
    """

    rtol: float | None = None
    atol: float | None = None
    ignore: tuple[str, ...] = ()


class OutputDeclaration(NamedTuple):
    """What an entry point writes: a file, a folder, a pattern or a URI."""

    path: str
    tolerance: Tolerance = Tolerance()


class MetricDeclaration(NamedTuple):
    """A file that an entry point writes its measurements to; ``keys`` are those that count, none for all."""

    path: str
    keys: tuple[str, ...] = ()
    tolerance: Tolerance = Tolerance()


class EntryPoint(NamedTuple):
    """One thing that a project can do. ``command`` is the author's template, unchanged.

    ``note`` says what was assumed where the author declared nothing, and is to be told. ``script`` is the file that
    is run where it is an entry point by being there. ``inputs`` are files, folders, patterns and URIs; there and in
    what it writes ``{name}`` stands for the value of a parameter.
    """

    name: str
    command: str
    parameters: tuple[Parameter, ...] = ()
    description: str | None = None
    position: Position | None = None
    note: str | None = None
    script: str | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[OutputDeclaration, ...] = ()
    metrics: tuple[MetricDeclaration, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names of its parameters."""
        return frozenset(parameter.name for parameter in self.parameters)


class DockerBuild(NamedTuple):
    """An image to be made from a Dockerfile. ``context`` is relative to the project, ``dockerfile`` to the context.

    ``args`` items are a (name, value) pair, or the name of a variable whose value the engine's client reads itself.
    """

    context: str = "."
    dockerfile: str = "Dockerfile"
    args: tuple[str | tuple[str, str], ...] = ()
    target: str | None = None


class DockerEnvironment(NamedTuple):
    """``docker_env``: ``image``, ``volumes`` and ``environment`` as MLflow has them, the rest as the engine has it.

    ``image`` is '' where one is built and needs no name. ``environment`` items are a host variable's name or a (name,
    value) pair. ``secrets`` are those of the names whose values nothing of ours may hold.
    """

    image: str = ""
    volumes: tuple[str, ...] = ()
    environment: tuple[str | tuple[str, str], ...] = ()
    gpus: str | None = None
    shm_size: str | None = None
    user: str | None = None
    ports: tuple[str, ...] = ()
    network: str | None = None
    platform: str | None = None
    build: DockerBuild | None = None
    secrets: tuple[str, ...] = ()


class PassedOver(NamedTuple):
    """A file that could define an environment and does not, and why."""

    file: str
    reason: str


class EnvironmentSource(NamedTuple):
    """Where the project says what it runs in. ``file`` is relative to the project, or absolute as the author wrote it.

    ``declared`` is False where a file was found by convention. No file and no image: a bare Python environment.
    ``lock`` is the file beside ``file`` that has its exact versions. ``groups`` and ``extras`` are chosen from a
    ``pyproject.toml``. ``passed_over`` are the other files that could have defined an environment.
    """

    key: EnvironmentKey | None = None
    file: str | None = None
    docker: DockerEnvironment | None = None
    declared: bool = False
    position: Position | None = None
    lock: str | None = None
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()


class Project(NamedTuple):
    """A project as its author wrote it. ``file`` is the project file's name, None by convention."""

    name: str | None
    entry_points: tuple[EntryPoint, ...] = ()
    environment: EnvironmentSource = EnvironmentSource()
    file: str | None = None
    diagnostics: tuple[Diagnostic, ...] = ()

    def find_entry_point(self, name: str) -> EntryPoint | None:
        """The entry point declared under exactly this name."""
        return next((e for e in self.entry_points if e.name == name), None)
