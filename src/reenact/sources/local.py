"""A directory on this machine, used in place: outputs appear where the author expects, and nothing is copied."""

from __future__ import annotations

from pathlib import Path

from reenact.errors import SourceError
from reenact.plan import Snapshot
from reenact.sources import Fetched, Wanted
from reenact.sources.path import find_path, is_bare_repository
from reenact.sources.work_tree import read_facts
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
    facts = read_facts(path, world)
    snapshot = Snapshot(
        kind="directory",
        # Where it was typed is known to nobody later.
        uri=str(path),
        root=str(path),
        subdirectory=wanted.subdirectory,
        commit=facts.commit,
        dirty=facts.dirty,
        branch=facts.branch,
        repository=facts.repository,
        prefix=facts.prefix,
    )
    return Fetched(snapshot, path)
