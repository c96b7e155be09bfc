"""A run and the states it can be in. Pure."""

from reenact.values import Enum, NamedTuple


class State(Enum):
    """Where a run stands.

    ``lost`` is what a later look finds when the process that carried the run out is gone without a result.
    """

    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"
    LOST = "lost"

    @property
    def final(self) -> bool:
        """Nothing more will happen to the run."""
        return not MOVES[self]


MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.PREPARING, State.FAILED, State.KILLED, State.LOST}),
    State.PREPARING: frozenset({State.RUNNING, State.FAILED, State.KILLED, State.LOST}),
    State.RUNNING: frozenset({State.FINISHED, State.FAILED, State.KILLED, State.LOST}),
    State.FINISHED: frozenset(),
    State.FAILED: frozenset(),
    State.KILLED: frozenset(),
    State.LOST: frozenset(),
}
"""The legal moves between states."""


TIMED_OUT = "timed out after"
"""How the reason begins of a run that had no more time."""


class Usage(NamedTuple):
    """What the command and everything it started used: seconds, seconds, bytes at the highest moment."""

    wall: float = 0.0
    cpu: float = 0.0
    peak_memory: int = 0


class Result(NamedTuple):
    """How a run ended. ``state`` is final.

    ``exit_code`` is what a shell would report (128 + n after signal n), None when no command ran and none was stopped;
    ``signal`` is the name of the signal that ended it; ``reason`` says why, where the code alone does not.
    Times are RFC 3339 in UTC.
    """

    state: State
    exit_code: int | None = None
    signal: str | None = None
    reason: str | None = None
    started: str | None = None
    ended: str | None = None
    usage: Usage | None = None


class Run(NamedTuple):
    """The index's row of a run: what lists and filters need, and where the rest is. ``repeats`` is another id."""

    id: str
    state: State
    exit_code: int | None
    project: str
    entry_point: str
    parameters: dict[str, str | None]
    created: str
    started: str | None
    ended: str | None
    folder: str
    name: str | None = None
    source: str | None = None
    commit: str | None = None
    environment: str | None = None
    backend: str = "local"
    reason: str | None = None
    repeats: str | None = None
