"""A folder as a :class:`~reenact.project.types.Project`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from reenact.errors import ProjectError
from reenact.project.cache import MAX_BYTES, Cache
from reenact.project.diagnostics import Diagnostic, Position, render_diagnostic
from reenact.project.environment_files import find_environment, with_passed_over
from reenact.project.project_file import read_project_file
from reenact.project.types import EntryPoint, EnvironmentSource, Project

FILE_NAME = "MLproject"

_SPELLINGS = ("mlproject", "mlproject.yaml", "mlproject.yml")


def read_project(root: Path, cache: Cache, name: str | None = None) -> Project:
    """The project in ``root``; whatever is wrong or doubtful in its files is among its ``diagnostics``.

    ``name`` is what to call a project that does not say: by default the folder's name. Never raises for content.

    Raises:
        ProjectError: ``root`` is not a folder that can be read.
    """
    candidates = _find_files(root)
    project, data = _read_file(root, candidates[0], cache) if candidates else (Project(None), b"")
    if len(candidates) > 1:
        message = f"{len(candidates)} project files are here, and {candidates[0]} is used; ignored: "
        position = Position(candidates[0], 1, 1)
        hint = "remove or rename the others"
        doubt = Diagnostic("warning", "two-files", message + ", ".join(candidates[1:]), position, None, hint)
        project = project._replace(diagnostics=(*project.diagnostics, doubt))
    if project.environment.key is None:
        project = project._replace(environment=find_environment(root, cache))
    elif project.file:
        project = project._replace(environment=with_passed_over(project.environment, root, project.file))
    if project.environment.declared and (missing := _find_missing(project.environment, data, root)):
        project = project._replace(diagnostics=(*project.diagnostics, missing))
    found = tuple(sorted(project.diagnostics, key=lambda d: d.position or Position("", 0, 0)))
    return project._replace(name=project.name or name or _folder_name(root), diagnostics=found)


def load_project(
    root: Path,
    cache: Cache,
    entry_point: str | None = None,
    name: str | None = None,
    *,
    moot: Collection[str] = (),
) -> Project:
    """As :func:`read_project`, for a project that is to be used.

    With ``entry_point`` a mistake inside another entry point does not matter, and is not among the diagnostics; nor are
    findings whose code is in ``moot``.

    Raises:
        ProjectError: an error was found; it carries all diagnostics, and its message shows the errors.
    """
    project = read_project(root, cache, name)
    concerned = (None, entry_point)
    relevant = tuple(
        found
        for found in project.diagnostics
        if found.code not in moot and (entry_point is None or found.entry_point in concerned)
    )
    if errors := [found for found in relevant if found.severity == "error"]:
        message = "\n".join(render_diagnostic(found) for found in errors)
        raise ProjectError(message, hint="`reenact check` shows all findings", diagnostics=relevant)
    return project._replace(diagnostics=relevant)


def get_entry_point(project: Project, name: str, root: Path) -> EntryPoint:
    """The declared entry point ``name``, else the script that it means.

    Raises:
        ProjectError: there is neither; the message lists what there is.
    """
    if (declared := project.find_entry_point(name)) is not None:
        return declared
    from reenact.project.convention import get_script

    return get_script(project, name, root)


def _folder_name(root: Path) -> str:
    return root.resolve().name.encode("utf-8", "backslashreplace").decode() or "project"


def _find_files(root: Path) -> list[str]:
    """The names of everything that could be the project file, the best first."""
    try:
        names = [path.name for path in root.iterdir()]
    except OSError as problem:
        message = f"cannot read the folder {root}: {problem.strerror or problem}"
        raise ProjectError(message, hint="name the folder that holds the project") from problem
    return choose_project_files(names)


def choose_project_files(names: Iterable[str]) -> list[str]:
    """Of the names of files in a folder those of a project file, the best first."""
    found = [name for name in names if name.lower() in _SPELLINGS]
    # MLflow's own name first, then its other spellings, then those that MLflow does not see.
    return sorted(found, key=lambda name: (name != FILE_NAME, "." in name, name))


def _read_file(root: Path, name: str, cache: Cache) -> tuple[Project, bytes]:
    """What the project file says, and its text."""
    path = root / name
    try:
        if path.exists() and not path.is_file():
            # Reading a pipe or a device could wait for ever.
            return _unreadable(name, "it is a folder" if path.is_dir() else "it is not a file"), b""
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as problem:
        return _unreadable(name, problem.strerror or str(problem)), b""
    return read_project_file(name, data, cache), data


def _unreadable(name: str, why: str) -> Project:
    hint = f"put the project file there, or remove {name}"
    error = Diagnostic("error", "unreadable-file", f"cannot read {name}: {why}", Position(name, 1, 1), None, hint)
    return Project(None, file=name, diagnostics=(error,))


def _find_missing(environment: EnvironmentSource, data: bytes, root: Path) -> Diagnostic | None:
    """The finding that the environment file that ``data`` names is not there, if so."""
    if environment.file is None:
        return None
    path = root / environment.file
    try:
        if path.is_file():
            return None
        why = _find_hindrance(path)
    except (OSError, ValueError) as problem:
        why = f"cannot be read: {problem}"
    from reenact.project.document import split_lines  # a warm start does without

    key = "conda_env" if environment.key == "conda_env" else "python_env"
    message = f"'{key}' names {environment.file}, which {why}"
    line = None if environment.position is None else split_lines(data)[environment.position.line - 1]
    return Diagnostic("error", "missing-file", message, environment.position, line, _nearby(environment.file, root))


def _find_hindrance(path: Path) -> str:
    """Why what is at ``path`` is no file that can be read."""
    if path.exists():
        return "is a folder" if path.is_dir() else "is not a file"
    link = f"is a link to {path.readlink()}, which " if path.is_symlink() else ""
    return f"{link}is not there (no such file was found)"


def _nearby(file: str, root: Path) -> str:
    from reenact.project.nearest import did_you_mean

    folder = (root / file).parent
    near = folder.iterdir() if folder.is_dir() else ()
    names = [path.name for path in near if path.suffix in (".yaml", ".yml") and path.is_file()]
    return did_you_mean(Path(file).name, names) or "add the file, or correct the name"
