"""``[tool.uv]`` of a project: what it says of indexes, sources and limits, handed to uv as the author wrote it.

Paths in it are relative to the project; uv sees the copies of what they lead to.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping

from reenact.environments.credentials import HIDDEN, redact
from reenact.hints import Any

Settings = Mapping[str, Any]


def list_sources(settings: Settings) -> Iterator[dict[str, Any]]:
    """Every source of a package, also where one has several."""
    for each in settings.get("sources", {}).values():
        yield from (item for item in (each if isinstance(each, list) else [each]) if isinstance(item, dict))


def list_paths(settings: Settings) -> list[str]:
    """The local code that the sources name."""
    return [str(source["path"]) for source in list_sources(settings) if "path" in source]


def without_credentials(settings: Settings) -> dict[str, Any]:
    """The settings with the user part of every URL replaced by ``****``."""
    hidden: dict[str, Any] = json.loads(redact(json.dumps(settings)))
    return hidden


def list_options(settings: Settings) -> list[str]:
    """The indexes whose credentials were taken out, as pip's options: who installs from a lock needs them again."""
    indexes = [each for each in settings.get("index", ()) if f"{HIDDEN}@" in str(each.get("url"))]
    return [f"{'--index-url' if each.get('default') else '--extra-index-url'} {each['url']}" for each in indexes]


def with_places(settings: Settings, places: Mapping[str, str]) -> dict[str, Any]:
    """The settings with each local path replaced by where its copy is."""
    moved: dict[str, Any] = copy.deepcopy(dict(settings))
    for source in list_sources(moved):
        if "path" in source:
            source["path"] = places.get(source["path"], source["path"])
            source.pop("editable", None)
    return moved
