"""A script that says in its header what it needs (PEP 723), and the lock beside it that uv writes."""

from __future__ import annotations

from pathlib import Path

from blake3 import blake3

from reenact.environments.definition import check_forms, make_error, parse_toml, read_bytes
from reenact.environments.python.python_version import check_python
from reenact.environments.python.request import Request, make_line, make_spec
from reenact.environments.python.uv_settings import with_settings
from reenact.hints import Any
from reenact.plan import PythonSpec
from reenact.project.diagnostics import Position
from reenact.project.script_header import Header, find_header
from reenact.project.toml_text import Table
from reenact.project.types import Project
from reenact.world import World

FORMS: dict[str, type] = {
    "requires-python": str,
    "dependencies": list,
    "dependencies.*": str,
    "tool": dict,
    "tool.uv": dict,
    "tool.uv.pip": dict,
    "tool.uv.sources": dict,
    "tool.uv.index": list,
    "tool.uv.index.*": dict,
}
"""What has to be a table, a list or a text."""


def ask(project: Project, root: Path, manager: str | None, world: World) -> PythonSpec:
    """What the script's header asks for.

    Raises:
        ProjectError: the header cannot be read.
    """
    source = project.environment
    name = source.file or ""
    header = _find_header(root, name)
    line = header.line if header else 1
    found = read_header(root, name, world)
    python = check_python(found["python"], Position(name, line, 1))
    if source.lock:
        # The rest of the script is code, which may change.
        text = header.text if header else ""
        parts = {name: text.encode(), source.lock: read_bytes(root / source.lock, source.lock)}
        return PythonSpec(
            python=python,
            files=(name, source.lock),
            origin=name,
            lock_file=source.lock,
            frozen={path: blake3(part).hexdigest() for path, part in parts.items()},
        )
    request = Request(
        origin=name,
        python=python,
        dependencies=tuple(make_line(text, Position(name, line, 1), root) for text in found["dependencies"]),
    )
    return with_settings(make_spec(request, root, world), found["settings"], name, root, world)


def read_header(root: Path, name: str, world: World) -> dict[str, Any]:
    """What of the header of the script called ``name`` counts here.

    Raises:
        ProjectError: it cannot be read.
    """
    header = _find_header(root, name)
    text, line = (header.text, header.line) if header else ("", 1)
    found: dict[str, Any] = parse_toml(text.encode(), name, pick, world, line)
    return found


def _find_header(root: Path, name: str) -> Header | None:
    try:
        return find_header(read_bytes(root / name, name).decode("utf-8", "replace"))
    except ValueError as problem:
        raise make_error("bad-header", str(problem), Position(name, 1, 1)) from problem


def pick(table: Table) -> dict[str, Any]:
    """What of a header counts here."""
    check_forms(table, FORMS)
    return {
        "python": table.get("requires-python"),
        "dependencies": list(table.get("dependencies", ())),
        "settings": table.get("tool", {}).get("uv", {}),
    }
