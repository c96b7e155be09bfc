"""``poetry.lock`` and ``pdm.lock``: each package as a line with its version and the hashes of its files.

What the project asks for is resolved with these lines as the only possible answers, so that extras, groups and markers
need no translation; see :mod:`reenact.environments.python.resolve`.
"""

from __future__ import annotations

from pathlib import Path

from reenact.environments.credentials import redact
from reenact.environments.definition import read_toml
from reenact.environments.python.poetry import render_python_marker
from reenact.hints import Any
from reenact.plan import PythonSpec
from reenact.project.toml_text import Table
from reenact.world import World


def hold(spec: PythonSpec, lock: str, root: Path, world: World) -> PythonSpec:
    """``spec`` held to the versions and files of ``lock``.

    Raises:
        ProjectError: the lock cannot be read.
    """
    found = read_toml(root / lock, lock, pick_lines, world)
    return spec._replace(
        lock_file=lock,
        locked=tuple(map(redact, found["lines"])),
        options=tuple(dict.fromkeys((*spec.options, *map(redact, found["options"])))),
        files=(*spec.files, lock),
    )


def pick_lines(table: Table) -> dict[str, list[str]]:
    """The lines and the indexes of a lock of Poetry (1.0 to 2.1) or PDM (4.x)."""
    old = table.get("metadata", {}).get("files", {})
    old = old if isinstance(old, dict) else {}
    lines = [line for package in table.get("package", ()) if (line := _line(package, old))]
    sources = (package.get("source", {}) for package in table.get("package", ()))
    urls = [source["url"] for source in sources if source.get("type") == "legacy"]
    return {"lines": sorted(set(lines)), "options": [f"--extra-index-url {url}" for url in dict.fromkeys(urls)]}


def _line(package: dict[str, Any], old: dict[str, Any]) -> str | None:
    name, source = package["name"], package.get("source", {})
    if source.get("type") in ("directory", "file") or "path" in package:
        return None  # local code is what it is now
    marker = _marker(package)
    if git := package.get("git") or (source.get("url") if source.get("type") == "git" else None):
        revision = package.get("revision") or source.get("resolved_reference")
        inside = package.get("subdirectory") or source.get("subdirectory")
        inside = f"#subdirectory={inside}" if inside else ""
        return f"{name} @ git+{git}@{revision}{inside}{marker}"
    if url := package.get("url") or (source.get("url") if source.get("type") == "url" else None):
        return f"{name} @ {url}{marker}"
    files = package.get("files") or old.get(name, [])
    hashes = sorted({file["hash"] for file in files if "hash" in file})
    return f"{name}=={package['version']}{marker}" + "".join(f" --hash={each}" for each in hashes)


def _marker(package: dict[str, Any]) -> str:
    """When the package is meant: its own marker, or the versions of Python that it is locked for."""
    said = package.get("markers") or package.get("marker")
    if isinstance(said, dict):
        said = " or ".join(f"({each})" for each in dict.fromkeys(said.values()))
    python = package.get("python-versions") or package.get("requires_python")
    if not said and python and python != "*":
        said = render_python_marker(python)
    return f" ; {said}" if said else ""
