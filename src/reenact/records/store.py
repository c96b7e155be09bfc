"""The rows of the index in SQLite: the only module that knows of it. ``index`` says when which database."""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reenact.errors import StorageError
from reenact.hints import TYPE_CHECKING, Any
from reenact.records.filter import Comparison, ParameterFilter, RunFilter, parse_number
from reenact.runs import Run, State

if TYPE_CHECKING:
    from sqlite3 import Connection

_COMPARISONS: tuple[Comparison, ...] = ("=", ">", ">=", "<", "<=", "!=", "has")
"""Those that fewer runs meet come first."""

SCHEMA_VERSION = 2
"""An incompatible change of ``schema.sql`` counts this up; additions that an older reenact need not know do not."""

_FIELDS = (
    "id, state, exit_code, project, entry_point, parameters, created, started, ended, name, source, git_commit, "
    "environment, backend, reason, repeats"
)
_COLUMNS = ", ".join(f"runs.{field}" for field in _FIELDS.split(", "))
# Literals, because only then does SQLite see that the partial index serves.
_UNFINISHED = ", ".join(f"'{state.value}'" for state in State if not state.final)


class Unusable(Exception):
    """The generation is missing or damaged; the message says how."""


class Store:
    """The rows of one generation. Every method that changes something is one transaction."""

    def __init__(self, connection: Connection, runs: Path) -> None:
        self._connection = connection
        self._runs = runs

    def put(self, run: Run) -> None:
        """Add the run, or bring its row up to date."""
        with self.transaction():
            self.put_many([run])

    def put_many(self, runs: list[Run]) -> None:
        """Add or update them all, inside a transaction that the caller has begun."""
        for run in runs:
            values = _to_row(run)
            marks = ", ".join("?" * len(values))
            self._connection.execute(
                f"INSERT INTO runs ({_FIELDS}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET "  # noqa: S608
                "state = excluded.state, exit_code = excluded.exit_code, started = excluded.started, "
                "ended = excluded.ended, environment = excluded.environment, reason = excluded.reason",
                values,
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO parameters (name, created, run, value, number) "
                "VALUES (?, ?, (SELECT number FROM runs WHERE id = ?), ?, ?)",
                [
                    (_text(name), run.created, run.id, _text(value), parse_number(value))
                    for name, value in run.parameters.items()
                ],
            )

    def copy_to(self, other: Store) -> None:
        """Make the other, which is empty, have the same rows."""
        self._connection.backup(other._connection)

    def delete(self, ids: list[str]) -> None:
        """Forget these runs; ids that are not there do not matter."""
        with self.transaction():
            self._connection.executemany("DELETE FROM runs WHERE id = ?", [(run_id,) for run_id in ids])

    def select(self, wanted: RunFilter, limit: int | None = None, skip: int = 0) -> list[Run]:
        """The runs that meet the filter, newest first, at most ``limit`` of them after the first ``skip``."""
        text, values = render_query(wanted)
        rows = self._connection.execute(f"{text} LIMIT ? OFFSET ?", (*values, -1 if limit is None else limit, skip))
        return [self._from_row(row) for row in rows]

    def unfinished(self) -> list[Run]:
        """The runs that the index believes to be under way."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM runs WHERE state IN ({_UNFINISHED})")  # noqa: S608
        return [self._from_row(row) for row in rows]

    def states(self) -> dict[str, State]:
        """The state of every run by its id."""
        return {run_id: State(state) for run_id, state in self._connection.execute("SELECT id, state FROM runs")}

    def get(self, run_id: str) -> Run | None:
        """The run with exactly this id."""
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM runs WHERE id = ?", (_text(run_id),)).fetchone()  # noqa: S608
        return self._from_row(row) if row else None

    def find(self, prefix: str, limit: int = 10) -> list[Run]:
        """The runs whose id begins with ``prefix`` or whose name it is, newest first."""
        prefix = _text(prefix) or ""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM runs WHERE (id >= ? AND id < ?) OR name = ? "  # noqa: S608
            "ORDER BY created DESC, number DESC LIMIT ?",
            (prefix, prefix + "\uffff", prefix, limit),
        )
        return [self._from_row(row) for row in rows]

    def list_repetitions(self, run_id: str, limit: int = 10) -> list[Run]:
        """The runs that repeat this one, newest first."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM runs WHERE repeats = ? ORDER BY created DESC, number DESC LIMIT ?",  # noqa: S608
            (_text(run_id), limit),
        )
        return [self._from_row(row) for row in rows]

    def count(self) -> int:
        """How many runs there are."""
        return int(self._connection.execute("SELECT count(*) FROM runs").fetchone()[0])

    def shortest(self, ids: list[str], least: int = 8) -> int:
        """How many characters of these ids, at least ``least``, tell each of them from every other run."""
        length = least
        for run_id in ids:
            near = self._connection.execute(
                "SELECT (SELECT max(id) FROM runs WHERE id < ?), (SELECT min(id) FROM runs WHERE id > ?)",
                (run_id, run_id),
            ).fetchone()
            for other in near:
                if other is not None:
                    length = max(length, _shared(run_id, other) + 1)
        return length

    def explain(self, wanted: RunFilter) -> list[str]:
        """SQLite's plan for :meth:`select`, a step a line."""
        text, values = render_query(wanted)
        return [row[3] for row in self._connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]

    def complete(self, journal: str) -> None:
        """Make a new database fit for others, with its writes synchronous and a journal; this one is closed then.

        SQLite keeps the mode of the journal in the file: who opens it later need not ask.
        """
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(f"PRAGMA journal_mode = {journal}")
        self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is done inside."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _from_row(self, row: tuple[Any, ...]) -> Run:
        run_id, state, exit_code, project, entry_point, parameters, created, started, ended, *rest = row
        name, source, commit, environment, backend, reason, repeats = rest
        return Run(
            id=run_id,
            state=State(state),
            exit_code=exit_code,
            project=project,
            entry_point=entry_point,
            parameters=json.loads(parameters),
            created=created,
            started=started,
            ended=ended,
            folder=str(self._runs / run_id),
            name=name,
            source=source,
            commit=commit,
            environment=environment,
            backend=backend,
            reason=reason,
            repeats=repeats,
        )


def render_query(wanted: RunFilter) -> tuple[str, list[object]]:
    """The SELECT for a filter, newest first, and its values.

    What is walked, from the newest on, are the values of a parameter, unless something else in the filter leaves fewer
    runs; then it is the runs. Either way it ends with the last row that is wanted, and at worst meets every run once.
    """
    others = sorted(wanted.parameters, key=lambda parameter: _COMPARISONS.index(parameter.comparison))
    walked, number, origin = "runs", "number", "runs"
    tests: list[str] = []
    values: list[object] = []
    if others and not _is_narrow(wanted):
        first, *others = others
        walked, number, origin = "p", "run", "parameters AS p CROSS JOIN runs ON runs.number = p.run"
        test, operands = _render_test("p", first)
        tests, values = [f"p.name = ?{test}"], [_text(first.name), *operands]
    more, operands = _render_tests(wanted, walked)
    tests, values = tests + more, values + operands
    for parameter in others:
        test, operands = _render_test("q", parameter)
        if walked == "runs" and parameter.comparison == "=":
            # Few runs have it: to find them once is less than to ask each. The plus keeps the order of the walk.
            tests.append(f"+runs.number IN (SELECT run FROM parameters AS q WHERE q.name = ?{test})")  # noqa: S608
        else:
            same = f"q.created = {walked}.created AND q.run = {walked}.{number}"
            tests.append(f"EXISTS (SELECT 1 FROM parameters AS q WHERE q.name = ? AND {same}{test})")  # noqa: S608
        values += [_text(parameter.name), *operands]
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    order = f"{walked}.created DESC, {walked}.{number} DESC"
    return f"SELECT {_COLUMNS} FROM {origin}{where} ORDER BY {order}", values  # noqa: S608


def _is_narrow(wanted: RunFilter) -> bool:
    """Whether the conditions on the run itself leave fewer runs than one on a parameter, as a rule."""
    unusual = bool(wanted.states) and State.FINISHED not in wanted.states
    return unusual or any(value is not None for value in (wanted.project, wanted.name, wanted.entry_point))


def _render_tests(wanted: RunFilter, walked: str) -> tuple[list[str], list[object]]:
    """The conditions on the run itself."""
    tests: list[str] = []
    values: list[object] = []
    for column, value in (("project", wanted.project), ("name", wanted.name), ("entry_point", wanted.entry_point)):
        if value is not None:
            tests.append(f"runs.{column} = ?")
            values.append(_text(value))
    if wanted.states:
        tests.append(f"+runs.state IN ({', '.join('?' * len(wanted.states))})")
        values += [state.value for state in wanted.states]
    for test, moment in ((">=", wanted.since), ("<", wanted.before)):
        if moment is not None:
            tests.append(f"{walked}.created {test} ?")
            values.append(moment)
    return tests, values


def _render_test(table: str, wanted: ParameterFilter) -> tuple[str, list[object]]:
    if wanted.comparison == "has":
        return "", []
    if wanted.comparison in ("=", "!="):
        same = f"({table}.value = ? OR {table}.number = ?)"
        # A value that is kept nowhere (a secret) is neither equal nor different.
        test = f" AND {same}" if wanted.comparison == "=" else f" AND NOT ifnull({same}, {table}.value IS NULL)"
        return test, [_text(wanted.value), wanted.number]
    return f" AND {table}.number {wanted.comparison} ?", [wanted.number]


def _shared(one: str, other: str) -> int:
    """How many characters the two have in common at their beginning."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _to_row(run: Run) -> tuple[object, ...]:
    return (
        run.id,
        run.state.value,
        run.exit_code,
        _text(run.project),
        _text(run.entry_point),
        json.dumps(run.parameters),
        run.created,
        run.started,
        run.ended,
        _text(run.name),
        _text(run.source),
        run.commit,
        run.environment,
        run.backend,
        _text(run.reason),
        run.repeats,
    )


def _text(text: str | None) -> str | None:
    """The text as SQLite can keep it: bytes of an argument that were no UTF-8 become question marks."""
    return None if text is None else text.encode("utf-8", "replace").decode()


_idle: list[tuple[int, Path, Connection]] = []
"""The connection used last, with the process that made it: opening one costs more than all that a run writes.

Between uses nobody else needs to know of it: it is in no transaction. At most one is kept.
"""
_inherited: list[Connection] = []


@contextmanager
def opened(generation: Path, runs: Path) -> Iterator[Store]:
    """The rows of a generation of our schema, over a connection that nobody else uses meanwhile.

    Raises:
        Unusable: it is missing or has an older schema.
        StorageError: it has a newer one.
    """
    connection = _take_idle(generation) or _open(generation)
    try:
        yield Store(connection, runs)
    except BaseException:
        connection.close()
        raise
    _idle.append((os.getpid(), generation, connection))
    while len(_idle) > 1:
        _idle.pop(0)[2].close()


def _take_idle(generation: Path) -> Connection | None:
    try:
        process, path, connection = _idle.pop()
    except IndexError:
        return None
    if process != os.getpid():
        # SQLite's connections must not be used, nor closed, on the other side of a fork.
        _inherited.append(connection)
        return None
    if path == generation and path.exists():
        return connection
    connection.close()
    return None


def close_idle() -> None:
    """Close the connection that is kept, if one is."""
    while _idle:
        process, _, connection = _idle.pop()
        if process == os.getpid():
            connection.close()


atexit.register(close_idle)


def _open(generation: Path) -> Connection:
    connection = _connect(generation)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version < SCHEMA_VERSION:
            raise Unusable("it is of an older version" if version else "it is empty")
        if version > SCHEMA_VERSION:
            raise StorageError(
                f"the index {generation} was made by a newer reenact (its schema is {version}, ours {SCHEMA_VERSION})",
                hint="upgrade reenact, or make an index for this version with: reenact reindex",
            )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(generation: Path) -> Connection:
    if os.access(generation, os.W_OK) and os.access(generation.parent, os.W_OK):
        return _connect_as(generation, "mode=rw")
    import sqlite3

    connection = _connect_as(generation, "mode=ro")
    try:
        connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError:
        # Without a process that keeps the write-ahead log open, a reader would have to make one. Nothing is in it then.
        connection.close()
        return _connect_as(generation, "immutable=1")
    return connection


def _connect_as(generation: Path, mode: str) -> Connection:
    import sqlite3

    path = str(generation).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(f"file:{path}?{mode}", uri=True, timeout=30, isolation_level=None, check_same_thread=False)


@contextmanager
def created(generation: Path | None, runs: Path) -> Iterator[Store]:
    """A new database with the schema and nothing in it; it is nobody's yet, so that nothing need be safe."""
    import sqlite3

    connection = sqlite3.connect(generation or ":memory:", isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(Path(__file__).with_name("schema.sql").read_text("utf-8"))
        yield Store(connection, runs)
    finally:
        connection.close()


@contextmanager
def translated(generation: Path) -> Iterator[None]:
    """SQLite's errors as ours.

    Raises:
        Unusable: the database is missing or damaged.
        StorageError: it cannot be used for another reason.
    """
    import sqlite3

    try:
        yield
    except sqlite3.DatabaseError as problem:
        code = (getattr(problem, "sqlite_errorcode", None) or 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise Unusable(str(problem)) from problem
        if code == sqlite3.SQLITE_CANTOPEN and not generation.exists():
            raise Unusable("its file is gone") from problem
        hint = "is its disk full?" if code == sqlite3.SQLITE_IOERR else None
        raise StorageError(f"cannot use the index {generation}: {problem}", hint=hint) from problem
    except OSError as problem:
        raise StorageError(f"cannot use {problem.filename or generation}: {problem.strerror or problem}") from problem
