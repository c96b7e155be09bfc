"""What ``poetry.lock`` and ``pdm.lock`` remember of the ``pyproject.toml`` that they were made for: a hash. Pure.

Each tool refuses a lock whose hash is another one; the formulas are theirs, as are those of their earlier versions,
whose locks they take.
"""

from __future__ import annotations

from collections.abc import Iterator

from reenact.environments.names import normal_name
from reenact.hints import Any
from reenact.project.toml_text import Table

_LEGACY = ("dependencies", "source", "extras", "dev-dependencies")
_PROJECT = ("requires-python", "dependencies", "optional-dependencies")


def pick_hash(table: Table) -> str | None:
    """The hash that a lock has."""
    metadata = table.get("metadata", {})
    found = metadata.get("content-hash") or metadata.get("content_hash")
    return str(found).removeprefix("sha256:") if found else None


def pick_poetry_hashes(table: Table) -> list[str]:
    """The hashes that Poetry gives a ``pyproject.toml``: with its dependency groups, and without, as before 2.3."""
    groups: dict[str, Any] = table.get("dependency-groups", {})
    return [_digest(_pick_poetry(table, groups)), _digest(_pick_poetry(table, {}))]


def pick_pdm_hashes(table: Table) -> list[str]:
    """The hashes that PDM gives a ``pyproject.toml``: with its own settings of resolution, and as before 2.8."""
    return [_digest(content) for content in _pick_pdm(table)]


def _pick_poetry(table: Table, groups: dict[str, Any]) -> dict[str, Any]:
    project = {key: table.get("project", {}).get(key) for key in _PROJECT}
    project = {key: value for key, value in project.items() if value is not None}
    own = table.get("tool", {}).get("poetry", {})
    plain = not project and not groups
    poetry = {key: own.get(key) for key in (*_LEGACY, "group")}
    poetry = {key: value for key, value in poetry.items() if value is not None or (plain and key in _LEGACY)}
    if plain:
        return poetry
    found = {"project": project, "dependency-groups": groups}
    return {**{key: value for key, value in found.items() if value}, "tool": {"poetry": poetry}}


def _pick_pdm(table: Table) -> Iterator[dict[str, Any]]:
    project: Table = table.get("project", {})
    own: Table = table.get("tool", {}).get("pdm", {})
    groups: dict[str, list[Any]] = {
        normal_name(name): list(items) for name, items in table.get("dependency-groups", {}).items()
    }
    for name, items in own.get("dev-dependencies", {}).items():
        groups[normal_name(name)] = [*groups.get(normal_name(name), []), *items]
    common = {
        "sources": own.get("source", []),
        "dependencies": project.get("dependencies", []),
        "dev-dependencies": groups,
        "optional-dependencies": project.get("optional-dependencies", {}),
        "requires-python": project.get("requires-python", ""),
    }
    resolution = own.get("resolution", {})
    yield {**common, "resolution": resolution}
    yield {**common, "overrides": resolution.get("overrides", {})}


def _digest(content: dict[str, Any]) -> str:
    from hashlib import sha256  # OpenSSL takes longer to load than all that a uv.lock needs
    from json import dumps

    return sha256(dumps(content, sort_keys=True, default=str).encode()).hexdigest()
