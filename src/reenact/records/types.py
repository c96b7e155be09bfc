"""What the files in a run's folder hold."""

from collections.abc import Mapping

from reenact.hints import Literal
from reenact.plan import EnvironmentLock, Plan
from reenact.runs import Result, Run, State
from reenact.values import NamedTuple


class Origin(NamedTuple):
    """When, by whom, where and with which reenact a run was asked for; ``user`` may be a bare number."""

    created: str
    user: str
    host: str
    version: str
    cwd: str


class Event(NamedTuple):
    """A move from state to state; ``result`` comes with the last."""

    time: str
    state: State
    result: Result | None = None


class Realised(NamedTuple):
    """How a run came by its environment.

    ``key`` is its resolved identity; ``lock`` is what it was made from, without the text, which the run folder has as a
    file of its own. ``settings`` are the caller's variables and files that decided what was found, without credentials.
    ``made`` says that it did not exist before; ``seconds`` is what finding or making it took.
    """

    key: str
    lock: EnvironmentLock
    settings: Mapping[str, str] = {}
    path: str | None = None
    made: bool = False
    seconds: float = 0.0


class InputFile(NamedTuple):
    """Something that the command had to read, as it was before the command started.

    ``path`` is relative to the project's folder; absolute where it lies elsewhere; below ``$REENACT_RUN_DIR`` where it
    was downloaded; or a URI. ``digest`` is the BLAKE3 of its content, None where that is not known, as of a URI:
    ``version`` is what its server says of it. ``origin`` is the declaration that leads to it, or ``parameter NAME``.
    Of a folder with very many files there is one, whose path ends in ``/``, with the digest of all and their number.
    ``problem`` says why something that is there was not read.
    """

    path: str
    size: int | None
    digest: str | None
    origin: str
    version: str | None = None
    files: int = 1
    problem: str | None = None


class OutputFile(NamedTuple):
    """Something that the command left, as it was after the command had ended.

    ``path`` is relative to the project's folder (a folder ``artifacts`` of the project is ``./artifacts``), begins with
    ``artifacts/`` for what is in the run's own folder of that name, is absolute for what lies elsewhere, or is a URI.
    ``kept`` is where its content is, relative to the run folder; None where there is only the digest. ``problem`` says
    why there is no digest: :data:`MISSING` where nothing was there. ``unchanged``: it is as it was before the command.
    """

    path: str
    size: int | None
    digest: str | None
    kept: str | None = None
    problem: str | None = None
    unchanged: bool = False


MISSING = "missing"
"""The problem of an output that is declared and was not there in the end."""


class Imported(NamedTuple):
    """Where a run came from that did not run here: the bundle ``file``, when, and the SHA-256 of its manifest.

    ``key`` names the key that it was verified to be signed with. ``made`` are files that came with it and stand for
    something that its lock names (see :class:`reenact.plan.EnvironmentLock`).
    """

    time: str
    file: str
    manifest: str
    key: str | None = None
    made: Mapping[str, str] = {}


class LeftOut(NamedTuple):
    """Something beside the code that is not kept: ``path`` from the top of the captured tree, a folder with its slash.

    ``why``: git ignores it; it is larger than the limit; it is a folder that tools make and make again; nobody may read
    it. ``size`` in bytes and ``digest`` (BLAKE3; of a folder over the paths and contents in it) say what it was; both
    are None where that was not looked at.
    """

    path: str
    why: Literal["ignored", "large", "tools", "unreadable"]
    size: int | None = None
    digest: str | None = None
    files: int | None = 1


class Nested(NamedTuple):
    """A repository inside the captured tree, a submodule or not: its files are part of the tree as they are."""

    path: str
    commit: str | None = None


class Committed(NamedTuple):
    """What the commit has at ``path`` where the captured tree has something else: mode and id as git writes them;
    neither where it has nothing (a folder with its slash then). ``unseen``: the file was there, and is not kept."""

    path: str
    mode: str | None = None
    oid: str | None = None
    unseen: bool = False


class Tag(NamedTuple):
    """A tag of the commit: its name below ``refs/tags``, and the tag itself as git keeps it where it is annotated."""

    name: str
    text: str | None = None


class Code(NamedTuple):
    """The files of a run's source as they were before it started.

    ``tree`` is the id of a git tree in the store that all runs share; ``base`` that of the commit's files where the
    files are not those of a commit. ``prefix`` is where the source's root lies in the tree: what is captured is the
    whole work tree. ``folders`` are the empty ones, which git's trees do not have. ``commit`` is the commit itself as
    git keeps it (UTF-8, other bytes as halves of surrogate pairs), ``committed`` how its files differ from the tree,
    ``tags`` the tags that name it.
    """

    tree: str
    base: str | None = None
    prefix: str = ""
    folders: tuple[str, ...] = ()
    nested: tuple[Nested, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    commit: str | None = None
    committed: tuple[Committed, ...] = ()
    tags: tuple[Tag, ...] = ()


class Record(NamedTuple):
    """Everything in a run's folder that is not its code, its log or what it made. ``machine`` is as it was written."""

    run: Run
    plan: Plan
    origin: Origin | None
    result: Result | None
    events: tuple[Event, ...]
    machine: dict[str, object]
    inputs: tuple[InputFile, ...] = ()
    outputs: tuple[OutputFile, ...] = ()
    metrics: Mapping[str, int | float | str] = {}
    code: Code | None = None
    imported: Imported | None = None
