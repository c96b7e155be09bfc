"""The interpreter for a request: one that is installed, else one that uv can fetch, else the same minor with a warning.

Looked at, in this order: the Python that reenact runs on, pyenv's versions, uv's own, whatever ``PATH`` names. The
first is taken when it serves; of the others the newest. pyenv's shims are passed over: they fail for versions that are
not active.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from reenact.codec import from_plain
from reenact.environments.python.versions import PythonRequest, parse_request, parse_version
from reenact.errors import BuildError
from reenact.json_text import parse_json
from reenact.process.tool import run_tool
from reenact.values import NamedTuple
from reenact.world import World

PROBE = """
import json, platform, sys
print(json.dumps([
    getattr(sys, "_base_executable", None) or sys.executable,
    ".".join(map(str, sys.version_info[:3])),
    platform.python_implementation().lower(),
]))
"""
OLDEST = (3, 6)


class Interpreter(NamedTuple):
    """A base interpreter (not that of a virtual environment) and its full version."""

    path: str
    version: str
    implementation: str = "cpython"


class Choice(NamedTuple):
    """The interpreter that was found, and what is to be said of it."""

    interpreter: Interpreter
    notes: tuple[str, ...] = ()


def find_interpreter(asked: str, world: World) -> Choice:
    """The interpreter for ``asked``, a version or a specifier.

    Raises:
        BuildError: there is none, and none can be had; what was looked for and found is named.
    """
    request = parse_request(asked)
    own = find_own()
    if own is not None and request.admits(own.version, own.implementation):
        return Choice(own)
    found = list_interpreters(world)
    if best := _newest(found, request):
        return Choice(best)
    problem = _download(asked, request, world)
    if problem is None and (best := _newest(list_interpreters(world), request)):
        return Choice(best)
    own_too = found if own is None else [own, *found]
    if request.patch is not None and request.implementation == "cpython":
        minor = PythonRequest("cpython", parse_request(".".join(map(str, request.patch[:2]))).alternatives)
        if best := _newest(own_too, minor):
            message = f"Python {asked} cannot be had ({problem}): {best.version} is used, of the same minor version"
            return Choice(best, (message,))
    raise _missing(asked, own_too, problem)


def find_own() -> Interpreter | None:
    """The base of the Python that reenact runs on, None where nobody can say."""
    path = getattr(sys, "_base_executable", None) or sys.executable
    if not path or not os.access(path, os.X_OK):
        return None
    return Interpreter(path, ".".join(map(str, sys.version_info[:3])), sys.implementation.name)


def list_interpreters(world: World) -> list[Interpreter]:
    """Every interpreter that is installed and starts, each once."""
    found: dict[str, Interpreter] = {}
    seen: set[str] = set()
    for path in _candidates(world):
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        interpreter = probe(path, world)
        if interpreter is not None and parse_version(interpreter.version) >= OLDEST:
            found.setdefault(os.path.realpath(interpreter.path), interpreter)
    return list(found.values())


def probe(path: Path, world: World) -> Interpreter | None:
    """The interpreter behind an executable, None if it is none that starts."""
    try:
        result = run_tool((str(path), "-I", "-S", "-c", PROBE), environ=_clean(world), cwd=Path("/"))
        interpreter = from_plain(Interpreter, dict(zip(Interpreter._fields, parse_json(result.output), strict=True)))
    except (OSError, ValueError, TypeError):
        return None
    return interpreter if result.ok else None


def _clean(world: World) -> dict[str, str]:
    return {name: value for name, value in world.environ.items() if not name.startswith(("PYTHON", "__PYVENV"))}


def _candidates(world: World) -> Iterator[Path]:
    pyenv = Path(world.environ.get("PYENV_ROOT") or Path(world.environ.get("HOME", "/nonexistent"), ".pyenv"))
    managed = world.environ.get("UV_PYTHON_INSTALL_DIR") or _uv_data(world) / "python"
    for folder in (pyenv / "versions", Path(managed)):
        # A version's name is a link as often as a folder (3.11 -> 3.11.7): seen once, by its real path.
        for version in sorted(folder.glob("*/bin/python")):
            # What is below envs/ or beside conda-meta/ belongs to conda or to a virtual environment.
            if not (version.parents[1] / "conda-meta").exists() and not (version.parents[1] / "pyvenv.cfg").exists():
                yield version
    for entry in world.environ.get("PATH", "").split(os.pathsep):
        folder = Path(entry)
        if entry.startswith("/") and folder != pyenv / "shims":
            yield from sorted(p for p in folder.glob("p[y]*3*") if _is_python(p))


def _is_python(path: Path) -> bool:
    name = path.name.removeprefix("python").removeprefix("pypy")
    return name.replace(".", "").isdigit() and name.startswith("3") and os.access(path, os.X_OK)


def _uv_data(world: World) -> Path:
    data = world.environ.get("XDG_DATA_HOME") or f"{world.environ.get('HOME', '')}/.local/share"
    return Path(data, "uv")


def _newest(found: list[Interpreter], request: PythonRequest) -> Interpreter | None:
    serving = (each for each in found if request.admits(each.version, each.implementation))
    return max(serving, key=lambda each: parse_version(each.version), default=None)


def _download(asked: str, request: PythonRequest, world: World) -> str | None:
    """Have uv fetch an interpreter; None when it did, else why not."""
    from reenact.environments.python.uv import find_uv, make_environ

    if world.environ.get("UV_PYTHON_DOWNLOADS", "").lower() in ("never", "false", "0"):
        return "downloads are switched off: UV_PYTHON_DOWNLOADS"
    if world.environ.get("UV_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        return "the network is switched off: UV_OFFLINE"
    world.report.step("installing Python", asked)
    # A machine that cannot reach the server says so at once instead of after several attempts.
    environ = {"UV_HTTP_CONNECT_TIMEOUT": "5", **make_environ(world.environ), "UV_HTTP_RETRIES": "0"}
    for alternative in asked.split("|"):
        name = f"pypy{alternative.lower().removeprefix('pypy')}" if request.implementation == "pypy" else alternative
        argv = (find_uv(), "python", "install", "--no-bin", "--no-config", "--", name.strip().lstrip("="))
        result = run_tool(argv, environ=environ, cwd=Path("/"))
        if result.ok:
            return None
    known = "No download found" not in result.errors and "No download" not in result.errors
    return "uv could not download it" if known else "uv knows no download of it"


def _missing(asked: str, found: list[Interpreter], problem: str | None) -> BuildError:
    versions = sorted({(parse_version(each.version), each.implementation, each.path) for each in found})
    shown = "".join(f"\n  {kind} {'.'.join(map(str, version))}  {path}" for version, kind, path in versions)
    message = f"no Python {asked} is installed ({problem}); found:{shown or ' none'}"
    return BuildError(
        message, hint=f"install one (uv python install '{asked}'), or ask for another in the project's file"
    )
