"""Scripts that nobody declared as entry points."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path, PurePosixPath

from reenact.errors import ProjectError
from reenact.project.nearest import did_you_mean
from reenact.project.types import EntryPoint, Project

PROGRAMS = {".py": "python", ".sh": "bash", ".R": "Rscript"}
MAIN = "main"
MAIN_SCRIPTS = ("main.py", "train.py", "main.sh")
_SHOWN = 12


def get_script(project: Project, name: str, root: Path) -> EntryPoint:
    """What runs for a name that is not declared: the script of that name, or for ``main`` a lone usual one.

    Raises:
        ProjectError: no declared entry point and no script is meant by it.
    """
    if PurePosixPath(name).suffix in PROGRAMS:
        return _script(project, name, root)
    if name == MAIN:
        present = [script for script in MAIN_SCRIPTS if (root / script).is_file()]
        if len(present) == 1:
            note = f"the project declares no entry point 'main'; its {present[0]} is run"
            return EntryPoint(MAIN, _command(present[0]), note=note, script=present[0])
        if present:
            message = f"the project declares no entry point 'main', and {_listed(present)} could each be it"
            raise ProjectError(message, hint=f"choose one: -e {present[0]}")
    raise _unknown(project, name, root)


def find_scripts(root: Path, limit: int = _SHOWN) -> tuple[str, ...]:
    """The scripts in the project's own folder, sorted, at most ``limit``."""
    try:
        names = sorted(path.name for path in root.iterdir() if path.suffix in PROGRAMS and path.is_file())
    except OSError:
        return ()
    return tuple(name.encode("utf-8", "backslashreplace").decode() for name in names[:limit])


def _script(project: Project, name: str, root: Path) -> EntryPoint:
    if "\0" in name:
        raise ProjectError("a file's name cannot hold a NUL character", hint="choose an entry point: -e NAME")
    # By the name and not by where links lead: a project may well link to a script that it shares with others.
    base = posixpath.abspath(root)
    if not PurePosixPath(posixpath.normpath(posixpath.join(base, name))).is_relative_to(base):
        raise ProjectError(f"the script {name} is not inside the project", hint="only files of the project can be run")
    try:
        found = (root / name).is_file()
    except OSError as problem:
        raise ProjectError(f"cannot look at the script {name}: {problem}", hint="choose another with -e") from problem
    if not found:
        raise _unknown(project, name, root)
    return EntryPoint(name, _command(name), script=name)


def _command(script: str) -> str:
    # A name that begins with '-' would be an option of the program; doubled braces are no placeholder.
    safe = f"./{script}" if script.startswith("-") else script
    if not re.fullmatch(r"[A-Za-z0-9_@%+=:,./-]+", safe):
        safe = "'" + safe.replace("'", "'\"'\"'") + "'"
    return f"{PROGRAMS[PurePosixPath(script).suffix]} {safe.replace('{', '{{').replace('}', '}}')}"


def _unknown(project: Project, name: str, root: Path) -> ProjectError:
    declared = [entry_point.name for entry_point in project.entry_points]
    scripts = find_scripts(root)
    parts = [f"declared: {_listed(declared)}" if declared else "the project declares none"]
    parts.append(f"scripts: {_listed(scripts)}" if scripts else "its folder holds no .py, .sh or .R script")
    guess = did_you_mean(name, [*declared, *scripts])
    hint = f"{guess} " if guess else ""
    message = f"could not find '{name}' among entry points or scripts; {'; '.join(parts)}"
    return ProjectError(message, hint=f"{hint}choose with -e NAME; `reenact describe` lists them")


def _listed(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown}, ..." if len(names) > _SHOWN else shown
