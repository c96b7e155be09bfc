"""Yesterday's packages: the moment that ``--as-of`` names, and when to suggest it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from reenact.errors import UsageError
from reenact.plan import CommittedLock, Plan, PythonSpec
from reenact.records.log import parse_entry
from reenact.sources.commit_time import find_commit_time
from reenact.world import World, render_timestamp

COMMIT = "commit"
OLD = 180 * 86400.0
"""Seconds after which a commit is old enough that today's packages may not be those it was written for."""

AHEAD = 2 * 86400.0
"""Seconds by which a moment may be ahead: today ends somewhere else on earth, and clocks differ."""

MISSING = re.compile(rb"^(ModuleNotFoundError|ImportError|AttributeError)\b")
LAST_LINES = 20
_TAIL = 1 << 16


def get_moment(text: str, folder: Path, world: World) -> str:
    """The moment that ``text`` names, as RFC 3339 in UTC: a date with all of its day, a moment, or ``commit`` for that
    of the commit that ``folder`` is at.

    Raises:
        UsageError: it names none, or one that is to come, or the folder is at no commit.
    """
    if text != COMMIT:
        moment = parse_moment(text)
        if moment > render_timestamp(world.now() + AHEAD):
            message = f"--as-of: {text} is still to come, and nobody knows what the index will have then"
            raise UsageError(message, hint="leave it out for the packages of today")
        return moment
    seconds = find_commit_time(folder, world)
    if seconds is None:
        raise UsageError("--as-of commit: this project is at no git commit", hint="give a date: --as-of 2021-06-30")
    return render_timestamp(seconds).partition(".")[0] + "Z"


def parse_moment(text: str) -> str:
    """A date or a moment (RFC 3339, ISO 8601; UTC where it does not say) as RFC 3339 in UTC.

    >>> parse_moment("2021-06-30"), parse_moment("20210630"), parse_moment("2021-06-30T12:00:00+02:00")
    ('2021-07-01T00:00:00Z', '2021-07-01T00:00:00Z', '2021-06-30T10:00:00Z')

    Raises:
        UsageError: it is neither.
    """
    from datetime import UTC, date, datetime, timedelta

    try:
        with suppress(ValueError):
            day = date.fromisoformat(text) + timedelta(days=1)
            return f"{day.isoformat()}T00:00:00Z"
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        hint = "for example 2021-06-30, 2021-06-30T12:00:00Z, or commit for the date of the project's commit"
        raise UsageError(f"--as-of: '{text}' is no date", hint=hint) from problem
    return f"{moment.replace(microsecond=0, tzinfo=None).isoformat()}Z"


def suggest(plan: Plan, folder: Path, world: World) -> str | None:
    """What to try where today's packages may be what fails: an old commit, and no lock that holds its versions."""
    spec = plan.environment
    held = isinstance(spec, PythonSpec) and spec.lock_file is not None
    committed = isinstance(plan.lock, CommittedLock) and not plan.lock.stale
    if plan.source.commit is None or "as_of" not in spec._fields or getattr(spec, "as_of", None) or held or committed:
        return None
    made = find_commit_time(folder, world)
    if made is None or world.now() - made < OLD:
        return None
    return f"the code is of {render_timestamp(made)[:10]} and its packages are today's: try --as-of commit"


def find_import_failure(log: Path) -> bool:
    """Whether a command's last lines say that a module, or something in it, is not there."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            lines = file.read().splitlines(keepends=True)
    except OSError:
        return False
    entries = (parse_entry(line) for line in lines[-LAST_LINES:])
    return any(MISSING.match(entry.data) for entry in entries if entry is not None)
