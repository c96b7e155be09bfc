"""The members of a workspace of uv's, where no ``uv.lock`` names them: packages in folders of the project.

They are installed as local code, each from a copy of its own. A member that asks for another member cannot be, for its
copy is in no workspace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from reenact.environments.definition import read_toml
from reenact.environments.names import normal_name
from reenact.environments.python.uv_settings import list_sources
from reenact.hints import Any
from reenact.project.toml_text import Table
from reenact.world import World


def find_members(workspace: Mapping[str, Any], folder: Path, world: World) -> dict[str, str]:
    """The folder of each member that can be installed on its own, relative to ``folder``, by its normalised name.

    Raises:
        ProjectError: the ``pyproject.toml`` of a member cannot be read.
    """
    left_out = set(_match(workspace.get("exclude", ()), folder))
    found = {}
    for path in _match(workspace.get("members", ()), folder):
        file = path / "pyproject.toml"
        if path in left_out or not file.is_file():
            continue
        shown = str(path.relative_to(folder))
        member = read_toml(file, f"{shown}/pyproject.toml", pick_member, world)
        if member["name"] and not member["needs_others"]:
            found[normal_name(member["name"])] = shown
    return found


def _match(patterns: Iterable[object], folder: Path) -> Iterator[Path]:
    for pattern in patterns:
        with suppress(ValueError, NotImplementedError):  # no pattern, or one that leads elsewhere
            yield from sorted(folder.glob(str(pattern)))


def pick_member(table: Table) -> dict[str, Any]:
    """The name of a member, and whether it asks for other members."""
    settings = table.get("tool", {}).get("uv", {})
    return {
        "name": table.get("project", {}).get("name"),
        "needs_others": any("workspace" in source for source in list_sources(settings)),
    }


def with_members(settings: Mapping[str, Any], members: Mapping[str, str]) -> dict[str, Any]:
    """The settings with the folder of a member in the place of the word that it is one, where it is known."""
    sources = dict(settings.get("sources", {}))
    for name, source in sources.items():
        if source == {"workspace": True} and (folder := members.get(normal_name(name))):
            sources[name] = {"path": folder}
    return {**settings, "sources": sources}
