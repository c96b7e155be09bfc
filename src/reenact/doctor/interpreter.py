"""Which Python will it be?"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from reenact.doctor.findings import Concern, Finding
from reenact.doctor.programs import Program
from reenact.doctor.subject import Subject
from reenact.doctor.text import find_text
from reenact.environments.committed import find_committed
from reenact.errors import ProjectError
from reenact.plan import CondaSpec, PythonSpec
from reenact.project.diagnostics import Position
from reenact.project.script_header import find_header
from reenact.world import World

UNPINNED = Concern(
    "unpinned-interpreter",
    "warning",
    "another Python has other packages to choose from, another standard library and sometimes other results",
    "name one: `python: '3.11'` in python_env.yaml, `python=3.11` in a conda file, a .python-version beside a"
    " requirements.txt or pyproject.toml; reenact.lock says it too",
)
NO_ENVIRONMENT = Concern(
    "no-environment",
    "warning",
    "the run gets a Python without packages, where these imports fail, or with --env-manager system whatever is there",
    "list the packages in a requirements.txt or python_env.yaml",
)
CONCERNS = (UNPINNED, NO_ENVIRONMENT)

_SHOWN = 6
_NARROW = (
    r"\s*(==|=|~=)?\s*\d+\.\d+(\.\d+)*(\.\*)?\s*|.*<.*|\s*(cpython|pypy)[@-]?\d+\.\d+.*|\s*~=\s*\d+\.\d+\.\d+|\s*\^.*"
)


def find(subject: Subject, world: World) -> Iterator[Finding]:
    """No Python is named, or one that goes on with time; no environment at all."""
    spec = subject.spec
    if isinstance(spec, PythonSpec) and spec.origin is None:
        yield from _find_imports(subject)
        return
    if spec is None or not isinstance(spec, PythonSpec | CondaSpec) or _is_locked(spec, subject, world):
        return
    origin = spec.origin or ""
    if isinstance(spec, CondaSpec):
        lines = [line for line in spec.packages if re.match(r"python(?![\w-])", line)]
        stated = lines[0][len("python") :].strip() if lines else None
    else:
        stated = spec.python
    if stated in (None, "", "*"):
        yield UNPINNED.found(f"{origin} names no Python", Position(origin, 1, 1))
    elif stated and not re.fullmatch(_NARROW, stated):
        place = subject.find_place(stated, origin)
        message = f"'{stated}' admits every later Python as well"
        yield UNPINNED._replace(level="note").found(message, place)


def _is_locked(spec: PythonSpec | CondaSpec, subject: Subject, world: World) -> bool:
    try:
        committed = find_committed(spec, subject.root, world)
    except ProjectError:
        return True  # which is told by another check
    return committed is not None and not committed.stale


def _has_header(program: Program, subject: Subject) -> bool:
    """Whether the script says itself what it needs, which it does to a run of it."""
    try:
        return find_header(find_text(subject.root / program.modules[0].file) or "") is not None
    except ValueError:
        return True  # which is told by whoever reads it


def _find_imports(subject: Subject) -> Iterator[Finding]:
    """What the programs import that no Python has by itself."""
    own = {part for module in subject.modules for part in re.split(r"[/.]", module.file)}
    for program in subject.started.programs:
        if _has_header(program, subject):
            continue
        foreign: dict[str, Position] = {}
        for module in program.modules:
            for name, node in module.imports:
                top = name.partition(".")[0]
                if top and top not in sys.stdlib_module_names and top not in own and not module.is_optional(node):
                    foreign.setdefault(top, module.position(node))
        if foreign:
            shown = ", ".join(list(foreign)[:_SHOWN]) + (", …" if len(foreign) > _SHOWN else "")
            place = next(iter(foreign.values()))
            message = f"no file says what to install, and {program.modules[0].file} needs {shown}"
            yield NO_ENVIRONMENT.found(message, place, program.entry_point)
