"""What is wrong with a URI that leads nowhere, told as what it was meant to be."""

from __future__ import annotations

import os
from pathlib import Path

from reenact.errors import SourceError
from reenact.project.nearest import did_you_mean
from reenact.sources.path import find_path
from reenact.sources.redact import redact
from reenact.world import World

ALLOWED = ("https", "http", "ssh", "git", "file")


def make_unknown(uri: str, world: World) -> SourceError:
    """The error for ``uri``, which is of no known kind or names a path where nothing is."""
    path = find_path(uri, world)
    scheme, mark, _ = uri.partition("://")
    if path is None or (not path.exists() and "::" in uri):
        name = scheme if mark else uri.partition("::")[0]
        allowed = f"allowed are {', '.join(ALLOWED)}, user@host:path, and paths on this machine"
        meant = did_you_mean(name, ALLOWED)
        return SourceError(
            f"cannot fetch from '{redact(uri)}': the protocol '{name}' is not known",
            hint=f"{meant} ({allowed})" if meant else allowed,
        )
    if path.exists():
        return _make_wrong_file(path)
    return SourceError(f"there is no project at '{redact(uri)}': {_name_missing(path)}", hint=_find_hint(uri, path))


def find_nearby(path: Path) -> str | None:
    """A hint at what ``path`` may have been meant to be: an entry near in name to its first missing part."""
    missing = _first_missing(path)
    try:
        names = [entry.name for entry in os.scandir(missing.parent) if missing == path or entry.is_dir()]
    except OSError:
        return None
    return did_you_mean(missing.name, names)


def _make_wrong_file(path: Path) -> SourceError:
    if path.name.lower().partition(".")[0] == "mlproject":
        return SourceError(f"{path} is a project's file, not its folder", hint=f"name the folder: {path.parent}")
    return SourceError(f"{path} is neither a folder nor an archive", hint="a project is a folder, a .zip or a .tar.gz")


def _find_hint(uri: str, path: Path) -> str | None:
    host, _, rest = uri.partition("/")
    if "." in host.strip(".") and rest.count("/") >= 1 and not uri.startswith(("/", ".", "~")):
        return f"did you mean 'https://{redact(uri)}'?"
    return find_nearby(path)


def _name_missing(path: Path) -> str:
    missing = _first_missing(path)
    if not missing.parent.is_dir():
        return f"{missing.parent} is not a folder"
    return f"'{missing.name}' does not exist in {missing.parent}"


def _first_missing(path: Path) -> Path:
    missing = path
    while not missing.parent.exists() and missing.parent != missing:
        missing = missing.parent
    return missing
