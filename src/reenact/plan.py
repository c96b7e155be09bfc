"""What exactly will run: everything decided, as one frozen value. Pure; nothing here touches the world.

After a :class:`Plan` nothing is decided again. It is JSON (``--dry-run`` prints it, ``plan.json`` keeps it), it holds
no secret value, and it names no place inside a run folder except through ``$REENACT_RUN_DIR``, so that a run
folder can be moved and a plan can be carried out elsewhere.
"""

from collections.abc import Mapping

from blake3 import blake3

from reenact.codec import canonical
from reenact.hints import Literal
from reenact.project.diagnostics import Diagnostic
from reenact.project.types import DockerEnvironment, MetricDeclaration, OutputDeclaration
from reenact.values import NamedTuple

PLAN_VERSION = 1

RUN_ID_VARIABLE = "REENACT_RUN_ID"
RUN_DIR_VARIABLE = "REENACT_RUN_DIR"


def digest(value: object) -> str:
    """BLAKE3 of a value's canonical JSON, 64 hexadecimal digits."""
    return blake3(canonical(value)).hexdigest()


class Snapshot(NamedTuple):
    """The code, pinned as far as its source allows.

    ``uri`` is what was asked for, without credentials. ``root`` is the tree's absolute path when it is used in
    place, and None when the run folder has its own copy. ``commit`` is a git object id, and so is ``tree``: of the
    files as they are, whatever was committed (None where they were not kept). ``archive`` is the BLAKE3 of an archive's
    bytes. ``dirty`` is None where nobody can say. ``prefix`` is where a ``root`` used in place lies in its repository.
    """

    kind: Literal["directory", "git", "archive"]
    uri: str
    root: str | None = None
    subdirectory: str = ""
    version: str | None = None
    commit: str | None = None
    tree: str | None = None
    dirty: bool | None = None
    branch: str | None = None
    repository: str | None = None
    prefix: str = ""
    archive: str | None = None


class BoundParameter(NamedTuple):
    """A parameter with its value as given, never quoted; ``value`` is None when it is secret or nothing was given."""

    name: str
    value: str | None
    origin: Literal["given", "default", "extra"]
    type: str = "string"
    secret: bool = False


class Download(NamedTuple):
    """A remote ``path`` parameter: ``uri`` is to be fetched to ``target``, relative to the run folder.

    An address that nobody may read is not here: ``uri`` is then ``$NAME``, the variable that holds it.
    """

    parameter: str
    uri: str
    target: str


class PathValue(NamedTuple):
    """What a ``path`` parameter that is no secret leads to: an absolute path, or one below ``$REENACT_RUN_DIR``."""

    parameter: str
    path: str


class Command(NamedTuple):
    """A command as a value: ``shell`` followed by ``text`` is the argument list.

    ``cwd`` is relative to the root of the source. ``environment`` is set over what the caller has, ``unset``
    is taken away first, ``path`` goes before the caller's ``PATH``.
    """

    text: str
    shell: tuple[str, ...] = ("bash", "-c")
    cwd: str = ""
    environment: Mapping[str, str] = {}
    unset: tuple[str, ...] = ()
    path: tuple[str, ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        """The whole argument list."""
        return (*self.shell, self.text)


class SystemSpec(NamedTuple):
    """No environment of its own: the command sees the programs that the caller sees."""

    kind: Literal["system"] = "system"


class PythonSpec(NamedTuple):
    """A Python environment as asked for: requirement lines as pip reads them, every file they lead to written out.

    ``python`` is a version or a specifier, None for any. ``constraints`` limit versions and install nothing;
    ``options`` say where and how to look (``--extra-index-url URL``). Credentials in a URL are replaced by ``****``.
    Local paths in the lines are relative to the project's folder, and ``local`` has the digest of what each
    leads to. ``files`` are the files that were read, relative to the same folder, ``origin`` the first of them.
    ``variables`` are set for the command. ``notes`` say what was translated or assumed.

    ``lock_file`` is a lock of the project's own: its versions and files are taken, and nothing else. Where uv can read
    it, ``frozen`` has the digests of that lock and of the file that it locks; else ``locked`` are its packages as lines
    with hashes. ``groups`` and ``extras`` are those chosen from a project, ``settings`` what it says to uv
    (``[tool.uv]``). ``as_of`` is the moment after which nothing counts as released (RFC 3339, UTC), ``accelerator``
    the build of PyTorch's packages.
    """

    kind: Literal["python"] = "python"
    python: str | None = None
    build_dependencies: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    local: Mapping[str, str] = {}
    variables: Mapping[str, str] = {}
    origin: str | None = None
    notes: tuple[str, ...] = ()
    lock_file: str | None = None
    frozen: Mapping[str, str] = {}
    locked: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    settings: Mapping[str, object] = {}
    as_of: str | None = None
    accelerator: str | None = None


class CondaSpec(NamedTuple):
    """A conda environment as asked for: channels in the order of their priority, match specs as conda writes them.

    ``channels`` are names or addresses; a folder is a ``file:`` URL. Secrets in an address are replaced by ``****``.
    ``pip`` is what is installed from a Python index on top; ``pip.files`` are the files that were read, relative to
    the project's folder, ``origin`` the first of them. ``variables`` are set for the command. ``notes`` say what was
    assumed. ``as_of`` is the moment after which nothing counts as released (RFC 3339, UTC), for both kinds of package.
    """

    kind: Literal["conda"] = "conda"
    channels: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    pip: PythonSpec = PythonSpec()
    variables: Mapping[str, str] = {}
    origin: str | None = None
    notes: tuple[str, ...] = ()
    as_of: str | None = None


class DockerSpec(NamedTuple):
    """A container as asked for. Values of variables that are copied from the caller are not here, only their names.

    ``arguments`` are what the caller gives to the engine's ``run``: (name, value), None for a flag. ``bake`` makes an
    image with the project's code in it, where otherwise the code is mounted.
    """

    kind: Literal["docker"] = "docker"
    container: DockerEnvironment = DockerEnvironment()
    arguments: tuple[tuple[str, str | None], ...] = ()
    bake: bool = False


EnvironmentSpec = SystemSpec | PythonSpec | CondaSpec | DockerSpec


class EnvironmentLock(NamedTuple):
    """What an :data:`EnvironmentSpec` resolved to: ``text`` is the lock file (PEP 751 for Python), '' for none.

    ``python`` is the full version, ``interpreter`` the path of the base interpreter, ``platform`` its system,
    processor and C library. ``options``, ``files``, ``local`` and ``variables`` are the request's own: installing needs
    them again. ``notes`` are the warnings to repeat whenever the lock is used.
    """

    kind: str
    text: str = ""
    python: str | None = None
    interpreter: str | None = None
    platform: str = ""
    options: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    local: Mapping[str, str] = {}
    variables: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()
    made: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        """The resolved identity: every artifact with its digest, interpreter and platform."""
        resolved = (self.kind, self.text, self.python, self.interpreter, self.platform)
        return digest((*resolved, self.made) if self.made else resolved)


class CommittedLock(NamedTuple):
    """A ``reenact.lock`` of the project: the BLAKE3 of the file, and which of its environments is meant.

    ``stale`` are the lines that keep it from answering what is asked for; without any, it is used.
    """

    file: str
    digest: str
    environment: str
    stale: tuple[str, ...] = ()


class RecordedLock(NamedTuple):
    """The lock of the run that is repeated, by its ``key``; the run folder has it in a file of its own."""

    run: str
    key: str


class Resources(NamedTuple):
    """Limits of a run: ``timeout`` in seconds of wall time for the command."""

    timeout: float | None = None


class Isolation(NamedTuple):
    """What the command may reach: ``network`` False is none but loopback, ``read_only`` lets it write into its run
    folder only (and into folders for temporary files of its own)."""

    network: bool = True
    read_only: bool = False


class Determinism(NamedTuple):
    """``--deterministic``: the variables of the command that it asked for, and those of them that were so already.

    ``limits`` is what they do not promise.
    """

    variables: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


class Plan(NamedTuple):
    """The decision: pinned source, bound parameters, final command, environment request, backend, resources.

    ``paths`` are the files and folders of this machine that the command is given by their absolute path,
    ``path_values`` what each parameter of that kind leads to. ``repeats`` is the id of the run that is repeated.
    ``upgrade`` resolves the environment anew. ``keep`` names variables of the caller that the command sees although
    its environment would hide them. ``storage_dir`` takes the downloads in place of the run folder. ``lock`` is the
    lock that the project's author committed, or that of the run that is repeated; None where there is none.
    ``inputs``, ``outputs`` and ``metrics`` are what the entry point declares, with the parameters' values in it.
    ``trace`` is what watches the command; ``strict_inputs`` lets it read nothing that is not declared.
    ``determinism`` says which of the command's variables are there to make it repeat.
    """

    project: str
    entry_point: str
    source: Snapshot
    command: Command
    environment: EnvironmentSpec
    parameters: tuple[BoundParameter, ...] = ()
    downloads: tuple[Download, ...] = ()
    paths: tuple[str, ...] = ()
    backend: str = "local"
    backend_config: Mapping[str, object] = {}
    resources: Resources = Resources()
    isolation: Isolation = Isolation()
    upgrade: bool = False
    keep: tuple[str, ...] = ()
    storage_dir: str | None = None
    name: str | None = None
    notes: tuple[Diagnostic, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[OutputDeclaration, ...] = ()
    metrics: tuple[MetricDeclaration, ...] = ()
    path_values: tuple[PathValue, ...] = ()
    trace: Literal["python", "strace"] | None = None
    strict_inputs: bool = False
    determinism: Determinism | None = None
    lock: CommittedLock | RecordedLock | None = None
    repeats: str | None = None
    version: int = PLAN_VERSION

    @property
    def key(self) -> str:
        """Equal for equal plans, whatever was said while they were made."""
        return digest(self._replace(notes=()))
