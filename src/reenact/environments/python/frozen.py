"""A lock of the project's own, translated to what one interpreter on one platform gets of it (PEP 751).

``uv.lock`` and the lock of a script are read by uv itself (``uv export``); a ``pylock.toml`` is taken as it is. No
version is chosen here, and nothing is asked of an index.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

from reenact.environments.credentials import redact
from reenact.environments.definition import read_bytes
from reenact.environments.local_code import digest_local, keep_copy, show_copy
from reenact.environments.place import Workbench
from reenact.environments.python.interpreters import Interpreter
from reenact.environments.python.pyproject import UV_LOCK
from reenact.environments.python.uv import run_uv
from reenact.errors import BuildError, ProjectError
from reenact.hints import Any
from reenact.plan import PythonSpec
from reenact.process.tool import run_tool
from reenact.values import NamedTuple
from reenact.world import World

DOING = "reading the lock"
EXPORTED = "pylock.exported.toml"

MARKERS = """
import json, os, platform, sys
v = sys.implementation.version
print(json.dumps({
    "implementation_name": sys.implementation.name,
    "implementation_version": ".".join(map(str, v[:3])) + ("" if v[3] == "final" else v[3][0] + str(v[4])),
    "os_name": os.name,
    "platform_machine": platform.machine(),
    "platform_release": platform.release(),
    "platform_system": platform.system(),
    "platform_version": platform.version(),
    "platform_python_implementation": platform.python_implementation(),
    "python_full_version": platform.python_version(),
    "python_version": ".".join(platform.python_version_tuple()[:2]),
    "sys_platform": sys.platform,
}))
"""
"""The variables of a marker, as an interpreter sees them (PEP 508)."""


class Translated(NamedTuple):
    """The lock's text, and the local code that it installs, with the digest of each."""

    text: str
    local: dict[str, str]


def translate(spec: PythonSpec, interpreter: Interpreter, bench: Workbench) -> Translated:
    """What ``spec.lock_file`` gives this interpreter.

    Raises:
        ProjectError: the lock is damaged, or is not what it was when the run was planned.
        BuildError: uv cannot read it, or it is not for this interpreter.
    """
    root, name = bench.root, spec.lock_file or ""
    data = read_bytes(root / name, name)
    if blake3(data).hexdigest() != spec.frozen[name]:
        raise ProjectError(f"{name} is not what it was when the run was planned", hint="run again")
    place = (root / name).parent
    if name != spec.origin:
        _export(spec, interpreter, bench)
        exported, place = bench.folder / EXPORTED, bench.folder
        data = exported.read_bytes()
        exported.unlink()
    return _narrow(data, spec, _Folders(place, root), interpreter, bench.world)


class _Folders(NamedTuple):
    """What the paths of a lock are relative to, and the project's folder."""

    lock: Path
    root: Path


def _export(spec: PythonSpec, interpreter: Interpreter, bench: Workbench) -> None:
    origin = bench.root / (spec.origin or "")
    arguments = ["export", "--frozen", "--format", "pylock.toml", "--no-header", "--no-editable", "--quiet"]
    if Path(spec.lock_file or "").name == UV_LOCK:
        arguments += ["--no-default-groups", "--project", str(origin.parent.resolve())]
        arguments += [word for name in spec.groups for word in ("--group", name)]
        arguments += [word for name in spec.extras for word in ("--extra", name)]
    else:
        arguments += ["--script", str(origin.resolve())]
    arguments += ["--python", interpreter.path, "--no-python-downloads", "-o", EXPORTED]
    run_uv(arguments, bench.folder, bench.world, doing=DOING, keep_open=bench.held)


def _narrow(data: bytes, spec: PythonSpec, folders: _Folders, interpreter: Interpreter, world: World) -> Translated:
    """The packages that are meant for this interpreter, without conditions, local code as its copy."""
    import tomli_w
    from packaging.pylock import Pylock, PylockValidationError

    shown = spec.lock_file
    table = tomllib.loads(data.decode("utf-8-sig"))
    try:
        lock = Pylock.from_dict(table)
    except PylockValidationError as problem:
        raise ProjectError(f"{shown} is no lock that can be used: {problem}", hint="make it anew") from problem
    if lock.requires_python is not None and not lock.requires_python.contains(interpreter.version, prereleases=True):
        message = f"{shown} is for Python {lock.requires_python}, and Python {interpreter.version} is asked for"
        raise BuildError(message, hint="see .python-version and requires-python")
    environment = _read_markers(interpreter, world)
    groups = set(spec.groups) or set(lock.default_groups or ())
    kept: list[dict[str, Any]] = []
    for package, plain in zip(lock.packages, table["packages"], strict=True):
        variables: dict[str, str | set[str]] = {**environment, "extras": set(spec.extras), "dependency_groups": groups}
        if package.marker is None or package.marker.evaluate(variables, context="lock_file"):
            kept.append({key: value for key, value in plain.items() if key != "marker"})
    names = [package["name"] for package in kept]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ProjectError(f"{shown} has several entries for {', '.join(twice)} that all apply here")
    local = dict(spec.local)
    for place in _places(kept):
        place["path"] = _copy(place["path"], folders, local, world)
        place.pop("editable", None)
    head: dict[str, object] = {
        key: table[key] for key in ("lock-version", "created-by", "requires-python") if key in table
    }
    return Translated(redact(tomli_w.dumps({**head, "packages": kept})), local)


def _places(packages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every table of a lock that names a path of this machine."""
    for package in packages:
        tables = [package.get(kind, {}) for kind in ("directory", "archive", "sdist")]
        yield from (table for table in (*tables, *package.get("wheels", ())) if "path" in table)


def _copy(written: str, folders: _Folders, local: dict[str, str], world: World) -> str:
    """The path of the copy of what ``written`` leads to, as seen from a folder in our home."""
    path = Path(os.path.realpath(folders.lock / written))
    known = next((name for name in local if os.path.realpath(folders.root / name) == str(path)), None)
    if known is None:
        known = os.path.relpath(path, folders.root)
        local[known] = digest_local(path, world)
    return show_copy(keep_copy(path, local[known], world), world)


def _read_markers(interpreter: Interpreter, world: World) -> dict[str, str]:
    result = run_tool((interpreter.path, "-I", "-c", MARKERS), environ=world.environ, cwd=Path("/"))
    if not result.ok:
        raise BuildError(f"the interpreter {interpreter.path} does not start\n{result.errors.strip()[-400:]}")
    found: dict[str, str] = json.loads(result.output)
    return found
