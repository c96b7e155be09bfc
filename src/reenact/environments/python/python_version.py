"""Which Python a project states outside of its requirements, and which one was current at a moment."""

from __future__ import annotations

import sys
from pathlib import Path

from reenact.environments.definition import make_error
from reenact.environments.python.versions import parse_request
from reenact.project.diagnostics import Position
from reenact.world import World

OWN_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The Python that reenact runs on, for files that name none."""

RELEASES = (
    ("3.6", "2016-12-23", "2021-12-23"),
    ("3.7", "2018-06-27", "2023-06-27"),
    ("3.8", "2019-10-14", "2024-10-07"),
    ("3.9", "2020-10-05", "2025-10-31"),
    ("3.10", "2021-10-04", "2026-10-31"),
    ("3.11", "2022-10-24", "2027-10-31"),
    ("3.12", "2023-10-02", "2028-10-31"),
    ("3.13", "2024-10-07", "2029-10-31"),
    ("3.14", "2025-10-07", "2030-10-31"),
)
"""Each minor version of CPython, the day of its first release and of its end (PEP 494, 537, 569, 596, 619, 664, 693,
719, 745)."""


def read_version_file(root: Path, world: World) -> str | None:
    """What the project's ``.python-version`` asks for, None where it says nothing that can be understood."""
    path = root / ".python-version"
    try:
        text = path.read_text("utf-8") if path.is_file() else ""
    except (OSError, UnicodeDecodeError):
        return None
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    first = next((line for line in lines if line), None)
    if first is None:
        return None
    try:
        parse_request(first)
    except ValueError:
        world.report.warn(f".python-version names '{first}', which is no version of Python; it is not used")
        return None
    return first


def check_python(stated: str | None, position: Position) -> str | None:
    """The Python that is ``stated`` at ``position``, as it is.

    Raises:
        ProjectError: it is no version of Python.
    """
    try:
        parse_request(stated or "")
    except ValueError as problem:
        raise make_error("bad-python", str(problem), position, "for example '>=3.10'") from problem
    return stated


def choose_python(folder: Path, stated: str | None, name: str, world: World) -> str | None:
    """What ``.python-version`` asks for, else what is ``stated`` in the file ``name``; told where both cannot be."""
    chosen = read_version_file(folder, world)
    if chosen and stated and not _can_be_both(chosen, stated):
        world.report.warn(f".python-version names {chosen}, which {name} excludes ({stated}); it is used all the same")
    return chosen or stated


def _can_be_both(version: str, stated: str) -> bool:
    """Whether a Python ``version``, where it is one and no specifier, has a patch that ``stated`` admits."""
    numbers = version.split(".")
    if not all(map(str.isdigit, numbers)) or len(numbers) < 2:
        return True
    patches = [version] if len(numbers) > 2 else [f"{version}.{patch}" for patch in range(40)]
    return any(map(parse_request(stated).admits, patches))


def settle_python(stated: str | None, as_of: str | None) -> str:
    """The request for an interpreter: what is stated, as narrow as the moment makes it; else what was current then, or
    the Python that reenact runs on.

    >>> settle_python(None, "2021-06-01T00:00:00Z")
    '3.9.*|3.8.*|3.7.*|3.6.*'
    >>> settle_python(">=3.7", "2021-06-01T00:00:00Z")
    '3.9.*,>=3.7|3.8.*,>=3.7|3.7.*,>=3.7'
    >>> settle_python("3.9", "2021-06-01T00:00:00Z")
    '3.9'
    """
    if as_of is None:
        return stated or OWN_PYTHON
    if stated is not None and not _is_open(stated):
        return stated
    request = parse_request(stated or "")
    current = [minor for minor in _current(as_of) if any(request.admits(f"{minor}.{patch}") for patch in (0, 99))]
    if not current:
        return stated or OWN_PYTHON
    return "|".join(f"{minor}.*,{stated}" if stated else f"{minor}.*" for minor in current)


def _is_open(stated: str) -> bool:
    """Whether several minor versions would do."""
    request = parse_request(stated)
    return (
        request.implementation == "cpython"
        and sum(any(request.admits(f"{minor}.{patch}") for patch in (0, 99)) for minor, _, _ in RELEASES) != 1
    )


def explain_choice(version: str, moment: str) -> str:
    """Why this version was chosen where a project names none, as of ``moment``.

    >>> explain_choice("3.9.18", "2021-06-02T00:00:00Z"), explain_choice("3.6.15", "2015-01-01T10:00:00Z")
    ('one that was current on 2021-06-01', 'the nearest to 2015-01-01')
    """
    from datetime import datetime, timedelta

    day = (datetime.fromisoformat(moment) - timedelta(seconds=1)).date().isoformat()
    current = any(version.startswith(f"{minor}.") for minor in _in_use(moment))
    return f"one that was current on {day}" if current else f"the nearest to {day}"


def _current(moment: str) -> list[str]:
    """The minor versions to choose from at a moment: those in use, newest first; else the oldest or newest of all."""
    return _in_use(moment) or [RELEASES[0 if moment < RELEASES[1][1] else -1][0]]


def _in_use(moment: str) -> list[str]:
    """The minor versions in use at a moment, newest first; for half a year a new one has too few packages."""
    day = moment[:10]
    return [minor for minor, first, last in reversed(RELEASES) if _half_a_year_after(first) <= day < last]


def _half_a_year_after(day: str) -> str:
    year, month, rest = int(day[:4]), int(day[5:7]) + 6, day[7:]
    return f"{year + (month > 12)}-{(month - 1) % 12 + 1:02}{rest}"
