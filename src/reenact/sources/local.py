"""A directory on this machine, used in place: outputs appear where the author expects, and nothing is copied."""

from __future__ import annotations

from pathlib import Path

from reenact.errors import SourceError
from reenact.plan import Snapshot
from reenact.sources import Fetched, Kept, Wanted
from reenact.sources.capture import capture_in_place
from reenact.sources.path import find_path, is_bare_repository
from reenact.world import World


def matches(uri: str, world: World) -> bool:
    """Whether ``uri`` is a directory that exists and is no bare repository."""
    path = find_path(uri, world)
    return path is not None and not uri.lower().startswith("git+") and path.is_dir() and not is_bare_repository(path)


def fetch(wanted: Wanted, code: Path, world: World) -> Fetched:
    """The directory as it is; with a version, a checkout at ``code`` from the repository it lies in.

    Raises:
        SourceError: a version is asked for outside of a repository, or the repository does not have it.
    """
    if wanted.version is not None:
        from reenact.sources.git import source

        return source.fetch(wanted, code, world)
    path = find_path(wanted.uri, world)
    if path is None:
        raise SourceError(f"'{wanted.uri}' is no path on this machine")
    # Where it was typed is known to nobody later.
    return Fetched(Snapshot("directory", str(path), root=str(path), subdirectory=wanted.subdirectory), path)


def keep(fetched: Fetched, world: World) -> Kept:
    """What git says of the folder, and its files as they are."""
    facts, code = capture_in_place(fetched.root, world)
    snapshot = fetched.snapshot._replace(**facts._asdict(), tree=code.tree if code else None)
    return Kept(snapshot, code)
