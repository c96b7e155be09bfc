"""``[tool.uv]`` of a project: what it says of indexes, sources and limits, handed to uv as the author wrote it.

Paths in it are relative to the project; uv sees the copies of what they lead to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from reenact.environments.credentials import HIDDEN, redact
from reenact.environments.local_code import digest_local
from reenact.errors import ProjectError
from reenact.hints import Any
from reenact.json_text import parse_json, render_json
from reenact.plan import PythonSpec
from reenact.world import World

Settings = Mapping[str, Any]

LATER = (
    "workspace",
    "dev-dependencies",
    "default-groups",
    "package",
    "managed",
    "environments",
    "required-environments",
    "required-version",
)
"""Settings of uv's that say nothing of how packages are found for one environment."""


def list_sources(settings: Settings) -> Iterator[dict[str, Any]]:
    """Every source of a package, also where one has several."""
    for each in settings.get("sources", {}).values():
        yield from (item for item in (each if isinstance(each, list) else [each]) if isinstance(item, dict))


def list_paths(settings: Settings) -> list[str]:
    """The local code that the sources name."""
    return [str(source["path"]) for source in list_sources(settings) if "path" in source]


def without_credentials(settings: Settings) -> dict[str, Any]:
    """The settings with the user part of every URL replaced by ``****``."""
    hidden: dict[str, Any] = parse_json(redact(render_json(settings)))
    return hidden


def list_options(settings: Settings) -> list[str]:
    """The indexes whose credentials were taken out, as pip's options: who installs from a lock needs them again."""
    indexes = [each for each in settings.get("index", ()) if f"{HIDDEN}@" in str(each.get("url"))]
    return [f"{'--index-url' if each.get('default') else '--extra-index-url'} {each['url']}" for each in indexes]


def with_places(settings: Settings, places: Mapping[str, str]) -> dict[str, Any]:
    """The settings with each local path replaced by where its copy is."""
    from copy import deepcopy

    moved: dict[str, Any] = deepcopy(dict(settings))
    for source in list_sources(moved):
        if "path" in source:
            source["path"] = places.get(source["path"], source["path"])
            source.pop("editable", None)
    return moved


def with_settings(spec: PythonSpec, settings: Settings, name: str, root: Path, world: World) -> PythonSpec:
    """``spec`` with the ``settings`` that the file ``name`` has, and with the local code that they lead to.

    Raises:
        ProjectError: such code is not there.
    """
    folder = PurePosixPath(name).parent
    places = {path: str(folder / path) for path in list_paths(settings)}
    local = {path: digest_local(find_existing(root, path, name), world) for path in places.values()}
    chosen = {key: value for key, value in settings.items() if key not in LATER}
    hidden = without_credentials(with_places(chosen, places))
    notes = spec.notes
    if hidden.get("pip", {}).get("torch-backend") == "auto":
        hidden["pip"] = {key: value for key, value in hidden["pip"].items() if key != "torch-backend"}
        notes = (*notes, f'{name}: torch-backend = "auto" is not used: --accelerator names the build')
    return spec._replace(settings=hidden, local={**spec.local, **local}, notes=notes)


def find_existing(root: Path, path: str, name: str) -> Path:
    """What is at ``path`` of the project in ``root``, which the file ``name`` installs.

    Raises:
        ProjectError: it is not there.
    """
    if not (root / path).exists():
        message = f"{name} installs '{path}', which is not there"
        raise ProjectError(message, hint=f"looked for {root / path}")
    return root / path
