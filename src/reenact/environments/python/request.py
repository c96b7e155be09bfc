"""What a definition file says, made into a :class:`~reenact.plan.PythonSpec`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from reenact.environments.local_code import digest_local
from reenact.environments.python.requirement_lines import Line, Requirements, expand, parse_local, parse_text
from reenact.plan import PythonSpec
from reenact.project.diagnostics import Position
from reenact.values import NamedTuple
from reenact.world import World


class Request(NamedTuple):
    """What a definition file says; ``python`` is None where it says nothing of it.

    ``locks`` are the lines of a lock beside it (``name==version --hash=...``), which count and install nothing more.
    ``cwd`` is the folder in which pip would be run, relative to the project's.
    """

    origin: str | None = None
    python: str | None = None
    build: tuple[Line, ...] = ()
    dependencies: tuple[Line, ...] = ()
    variables: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()
    locks: tuple[Line, ...] = ()
    cwd: str = ""


def make_line(text: str, position: Position, folder: Path) -> Line:
    """A requirement line that stands in a definition file; ``folder`` is what its ``-r`` is relative to."""
    return Line(text.strip(), position, folder)


def make_lines(text: str, position: Position, folder: Path) -> list[Line]:
    """The same of a text in which more than one line, or a comment, may stand: pip is given it as part of a file."""
    lines = [line for _, line in parse_text(text)] if "#" in text or "\n" in text else [text]
    return [make_line(line, position, folder) for line in lines]


def make_spec(request: Request, root: Path, world: World) -> PythonSpec:
    """The request with every file that it leads to.

    Raises:
        ProjectError: something that it leads to is missing.
    """
    lists = (request.build, request.dependencies, request.locks)
    build, wanted, locked = (expand(lines, root, root / request.cwd, world.environ) for lines in lists)
    notes = list(request.notes)
    local = {path: digest_local(root / path, world) for path in _both(build.local, wanted.local)}
    trees = [path for path in local if (root / path).is_dir() and not _is_links(path, build, wanted)]
    if trees:
        notes.append(f"local code is installed as a copy of what it is now, not as a link: {', '.join(trees)}")
    return PythonSpec(
        python=request.python,
        build_dependencies=build.dependencies,
        dependencies=wanted.dependencies,
        constraints=_both(build.constraints, wanted.constraints),
        options=_both(build.options, wanted.options, locked.options),
        files=_both([request.origin] if request.origin else [], build.files, wanted.files, locked.files),
        local=local,
        variables=request.variables,
        origin=request.origin,
        notes=tuple(notes),
        # What the lock says of local code is what it was then; the code is what it is now.
        locked=tuple(line for line in locked.dependencies if parse_local(line) is None),
    )


def _is_links(path: str, *found: Requirements) -> bool:
    return any(f"--find-links {path}" in requirements.options for requirements in found)


def _both(*parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))
