"""Which place on this machine a URI means."""

from __future__ import annotations

import os
from pathlib import Path

from reenact.world import World


def find_path(uri: str, world: World) -> Path | None:
    """The absolute path that ``uri`` means, there or not; None if it is an address with another scheme than ``file``.

    A path is taken as written, ``~`` and ``~user`` are expanded, nothing is decoded. ``file:`` URIs follow RFC 8089,
    are decoded, and may be relative (``file://sub/dir``), as MLflow reads them.
    """
    scheme, mark, rest = uri.partition("://")
    if mark and "/" not in scheme:
        return _find_file_path(rest, world) if scheme.lower() in {"file", "git+file"} else None
    return _absolute(_expand(uri, world), world)


def is_bare_repository(path: Path) -> bool:
    """Whether the folder at ``path`` is a git repository without a work tree of its own."""
    names = ("HEAD", "objects", "refs")
    return not (path / ".git").exists() and all((path / name).exists() for name in names)


def _find_file_path(rest: str, world: World) -> Path:
    host, slash, path = rest.partition("/")
    if host.lower() == "localhost" and slash:
        rest = slash + path
    literal = _absolute(rest, world)
    if "%" not in rest or literal.exists():
        return literal
    from urllib.parse import unquote

    return _absolute(unquote(rest), world)


def _expand(text: str, world: World) -> str:
    if not text.startswith("~"):
        return text
    user, slash, rest = text.partition("/")
    if user == "~" and world.environ.get("HOME"):
        return world.environ["HOME"] + slash + rest
    return os.path.expanduser(user) + slash + rest


def _absolute(text: str, world: World) -> Path:
    path = world.cwd / text
    # A ".." after a symbolic link leads to the parent of its target, not of its name; after nothing, to nothing.
    return path.resolve() if ".." in path.parts and path.exists() else path
