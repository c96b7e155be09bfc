"""Do the files of the project say which versions are installed, or does the day of the run?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reenact.doctor.findings import Concern, Finding, from_diagnostic
from reenact.doctor.subject import Subject
from reenact.doctor.text import find_text
from reenact.environments.committed import find_committed
from reenact.environments.python.stale_lock import find_stale, make_hint
from reenact.errors import ProjectError
from reenact.plan import CondaSpec, DockerSpec, PythonSpec, SystemSpec
from reenact.project.diagnostics import Diagnostic, Position
from reenact.project.environment_files import LOCK_FILE
from reenact.world import World

NO_LOCK = Concern(
    "no-lock",
    "warning",
    "the same files give another environment when a new version of any package is released",
    f"commit the exact versions: `reenact lock` writes {LOCK_FILE}",
    fixable=True,
)
STALE_LOCK = Concern(
    "stale-lock",
    "warning",
    "the lock does not answer what the files ask for, so that a run resolves versions that nobody has seen",
    f"make it anew: `reenact lock` writes {LOCK_FILE}",
    fixable=True,
)
STALE_FOREIGN = STALE_LOCK._replace(
    why="what is installed is what the lock says, and not what the file beside it asks for",
    fixable=False,
)
CONCERNS = (NO_LOCK, STALE_LOCK)

_SHOWN = 6
_TOOLS = ("python", "pip", "setuptools", "wheel")
_NAME = r"(?:.*::)?\s*([A-Za-z0-9][A-Za-z0-9._-]*)"
_EXACT = r"[^,|<>!~]*==(?!.*\*)[^,|<>!~]+|[^,|<>!~]*==\d+(\.\d+){2,}\.\*"
_EXACT_FOR_CONDA = (
    r"[^,|<>!~\s=]+\s*(==?\s*|\s+)\d+(\.\d+){2,}[^,|<>!~*\s]*(=\S+)?|.*\[.*version=.*\].*|[^=]+==[^=,|*]+"
)


def find(subject: Subject, world: World) -> Iterator[Finding]:
    """No lock, or one that does not answer any more."""
    spec = subject.spec
    if spec is None or isinstance(spec, SystemSpec | DockerSpec):
        return
    try:
        committed = find_committed(spec, subject.root, world)
    except ProjectError as problem:
        error = Diagnostic("error", "damaged-lock", problem.message, Position(LOCK_FILE, 1, 1), hint=problem.hint)
        yield from map(from_diagnostic, problem.diagnostics or (error,))
        return
    foreign = spec.lock_file if isinstance(spec, PythonSpec) else None
    if foreign is not None and isinstance(spec, PythonSpec):
        yield from _find_stale_foreign(spec, foreign, subject, world)
    elif committed is not None and committed.stale:
        yield STALE_LOCK.found(f"{LOCK_FILE} is stale: {_list(committed.stale)}", Position(LOCK_FILE, 1, 1))
    elif committed is None:
        yield from _find_floating(spec, subject)


def _find_floating(spec: PythonSpec | CondaSpec, subject: Subject) -> Iterator[Finding]:
    asked = list(spec.dependencies) if isinstance(spec, PythonSpec) else list(spec.pip.dependencies)
    floating = [line for line in asked if not _is_exact(line) and _name(line) not in _TOOLS]
    if isinstance(spec, CondaSpec):
        packages = [line for line in spec.packages if _name(line) not in _TOOLS]
        floating = [line for line in packages if not re.fullmatch(_EXACT_FOR_CONDA, line)] + floating
        asked = packages + asked
    if not asked:
        return
    names = [_name(line) for line in floating]
    origin = spec.origin or (spec.pip.origin if isinstance(spec, CondaSpec) else None)
    place = _find_line(floating[0], origin, subject) if origin and names else Position(origin, 1, 1) if origin else None
    if not names:
        message = f"the {len(asked)} packages that are named are pinned, and those that they need in turn are not"
        yield NO_LOCK._replace(level="note").found(message, place)
        return
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    yield NO_LOCK.found(f"{len(names)} of {len(asked)} packages have no exact version: {shown}", place)


def _find_line(line: str, origin: str, subject: Subject) -> Position:
    """Where a package stands: as it was read, else its name at the beginning of an item."""
    name = re.escape(_name(line))
    for number, written in enumerate((find_text(subject.root / origin) or "").splitlines(), 1):
        found = re.search(rf"(?i)(?:^\s*-\s*[\"']?(?:pip\s*install\s+)?|^\s*|[\"'\[,]\s*){name}(?![\w:.-])", written)
        if found:
            return Position(origin, number, written.lower().index(_name(line).lower(), found.start()) + 1)
    return Position(origin, 1, 1)


def _is_exact(line: str) -> bool:
    bare = line.partition(" --hash")[0].partition(";")[0].strip()
    is_local = bare.startswith((".", "/")) or " @ " in bare
    return is_local or re.fullmatch(_EXACT, bare) is not None


def _name(line: str) -> str:
    found = re.match(_NAME, line)
    return found[1] if found else line


def _find_stale_foreign(spec: PythonSpec, lock: str, subject: Subject, world: World) -> Iterator[Finding]:
    stale = find_stale(spec, subject.root, world, strictly=False)
    if stale:
        message = f"{lock} does not answer {spec.origin}: {_list(stale)}"
        yield STALE_FOREIGN._replace(fix=make_hint(spec)).found(message, Position(lock, 1, 1))


def _list(lines: Sequence[str]) -> str:
    return "; ".join(lines[:_SHOWN]) + ("; …" if len(lines) > _SHOWN else "")
