"""Which code exactly? A URI becomes a pinned :class:`~reenact.plan.Snapshot` with its files on disk.

A source is a module with three functions:

``matches(uri: str, world: World) -> bool``
    Whether the URI (its ``#subdirectory`` already taken off) is of this kind; looks at the text and, where it must, at
    the disk, never at the network.
``fetch(wanted: Wanted, code: Path, world: World) -> Fetched``
    Pin it and put its files in place: at ``code``, which does not exist yet, or where they already are.
``keep(fetched: Fetched, world: World) -> Kept``
    Keep its files as they are in the store that all runs share, before anything changes them.
"""

import os
from importlib import import_module
from pathlib import Path

from reenact.errors import SourceError
from reenact.plan import Snapshot
from reenact.records.types import Code
from reenact.sources.path import find_path
from reenact.values import NamedTuple
from reenact.world import World

KINDS = {
    "directory": "reenact.sources.local",
    "run": "reenact.sources.recorded",
    "archive": "reenact.sources.archive",
    "git": "reenact.sources.git.source",
}
"""The kinds by name, in the order in which they are asked; the module is imported when it is."""

LONGEST_NAME = 255
"""Bytes of one part of a path: NAME_MAX of Linux and macOS."""


class Wanted(NamedTuple):
    """What was asked for: ``uri`` without its fragment, the fragment, and the version if one was given."""

    uri: str
    subdirectory: str = ""
    version: str | None = None


class Fetched(NamedTuple):
    """A pinned source and the folder that holds its tree now; the project is in ``root / snapshot.subdirectory``.

    ``code`` is what is kept of it already, where it comes from a record.
    """

    snapshot: Snapshot
    root: Path
    code: Code | None = None


class Kept(NamedTuple):
    """A source whose files are in the store, as ``code`` says; None where this machine cannot keep them."""

    snapshot: Snapshot
    code: Code | None


def parse_uri(text: str, version: str | None = None) -> Wanted:
    """What ``text`` asks for: quotes around it go, the rest after the first ``#`` is the subdirectory, '' is here.

    Pure, so a path that has a ``#`` of its own is only told apart by :func:`fetch`.

    Raises:
        SourceError: a control character is inside, or a part is longer than a file's name can be.
    """
    bare = text.strip().strip("'\"")
    if any(ord(letter) < 32 for letter in bare):
        raise SourceError(f"the URI {bare!r} holds a control character")
    uri, _, subdirectory = bare.partition("#")
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in uri.split("/")):
        raise SourceError(f"'{uri[:60]}…' is longer than any name on this machine or address can be")
    return Wanted(uri or ".", subdirectory, version)


def fetch(wanted: Wanted, code: Path, world: World) -> Fetched:
    """Pin ``wanted`` and put its files in place; ``root / snapshot.subdirectory`` is a folder that exists.

    Raises:
        SourceError: nothing is there, it cannot be had, or the subdirectory is missing or lies outside.
    """
    wanted = _split_existing(wanted, world)
    wanted = wanted._replace(subdirectory=_checked_subdirectory(wanted))
    for module_name in KINDS.values():
        module = import_module(module_name)
        if module.matches(wanted.uri, world):
            fetched: Fetched = module.fetch(wanted, code, world)
            return _with_subdirectory(fetched)
    from reenact.sources.unknown import make_unknown

    raise make_unknown(wanted.uri, world)


def keep(fetched: Fetched, world: World) -> Kept:
    """Keep the files of what was fetched, as they are at this moment; the snapshot then names their tree.

    Raises:
        SourceError: they change faster than they can be read.
        StorageError: the store cannot be written.
    """
    if fetched.code is not None:
        return Kept(fetched.snapshot, fetched.code)
    kept: Kept = import_module(KINDS[fetched.snapshot.kind]).keep(fetched, world)
    return kept


def keep_copy(fetched: Fetched, key: str, world: World) -> Kept:
    """Keep the files of a run's own copy, which are always the same under ``key``."""
    from reenact.sources.capture import capture_copy

    code = capture_copy(fetched.root, key, world)
    return Kept(fetched.snapshot._replace(tree=code.tree if code else fetched.snapshot.tree), code)


def _split_existing(wanted: Wanted, world: World) -> Wanted:
    """``wanted`` cut at the last ``#`` before which something exists, where a path has one of its own."""
    if not wanted.subdirectory or find_path(wanted.uri, world) is None or _exists(wanted, world):
        return wanted
    pieces = f"{wanted.uri}#{wanted.subdirectory}".split("#")
    for count in range(len(pieces), 1, -1):
        cut = Wanted("#".join(pieces[:count]), "#".join(pieces[count:]), wanted.version)
        if _exists(cut, world):
            return cut
    return wanted


def _exists(wanted: Wanted, world: World) -> bool:
    path = find_path(wanted.uri, world)
    return path is not None and (path / wanted.subdirectory.lstrip("/")).exists()


def _checked_subdirectory(wanted: Wanted) -> str:
    """The subdirectory without empty and ``.`` segments; any name is fine as long as it stays inside."""
    inside = os.path.normpath(wanted.subdirectory) if wanted.subdirectory else "."
    if inside == ".." or inside.startswith(("/", "../")):
        raise SourceError(
            f"the subdirectory '{wanted.subdirectory}' leads out of the project", hint="name a folder inside of it"
        )
    return "" if inside == "." else inside


def _with_subdirectory(fetched: Fetched) -> Fetched:
    snapshot, root, _ = fetched
    inside = snapshot.subdirectory
    if "%" in inside and not (root / inside).is_dir() and snapshot.kind != "directory":
        from urllib.parse import unquote

        inside = unquote(inside)
    folder = root / inside
    if snapshot.kind != "directory" and not folder.resolve().is_relative_to(root.resolve()):
        raise SourceError(f"the subdirectory '{inside}' of {snapshot.uri} leads out of the project")
    if not folder.is_dir():
        from reenact.sources.unknown import find_nearby

        raise SourceError(
            f"Could not find subdirectory '{inside}' in {snapshot.uri}"
            + (f" at version '{snapshot.version}'" if snapshot.version else ""),
            hint=find_nearby(folder),
        )
    return fetched._replace(snapshot=snapshot._replace(subdirectory=inside))
