"""``[tool.uv]`` of a project: what it says of indexes, sources and limits, handed to uv as the author wrote it.

Paths in it are relative to the project; uv sees the copies of what they lead to.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

Settings = Mapping[str, Any]


def list_sources(settings: Settings) -> Iterator[dict[str, Any]]:
    """Every source of a package, also where one has several."""
    for each in settings.get("sources", {}).values():
        yield from (item for item in (each if isinstance(each, list) else [each]) if isinstance(item, dict))


def list_paths(settings: Settings) -> list[str]:
    """The local code that the sources name."""
    return [str(source["path"]) for source in list_sources(settings) if "path" in source]


def with_places(settings: Settings, places: Mapping[str, str]) -> dict[str, Any]:
    """The settings with each local path replaced by where its copy is."""
    moved: dict[str, Any] = copy.deepcopy(dict(settings))
    for source in list_sources(moved):
        if "path" in source:
            source["path"] = places.get(source["path"], source["path"])
            source.pop("editable", None)
    return moved
