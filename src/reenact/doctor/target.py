"""From what was asked for to the folder that is looked at: a folder, one script in it, or a checkout of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from reenact import sources
from reenact.project.convention import PROGRAMS
from reenact.sources.path import find_path
from reenact.values import NamedTuple
from reenact.world import World


class Target(NamedTuple):
    """The project's folder, and the one entry point that is meant; ``is_copy`` says that it is a checkout of ours."""

    root: Path
    entry_point: str | None = None
    is_copy: bool = False


@contextmanager
def locating(uri: str, version: str | None, entry_point: str | None, world: World) -> Iterator[Target]:
    """What a URI means, there until the end of the block.

    Raises:
        SourceError: it cannot be found or fetched.
    """
    path = find_path(uri, world) if version is None else None
    if path is not None and path.suffix in PROGRAMS and path.is_file():
        yield Target(path.parent, entry_point or path.name)
        return
    with TemporaryDirectory(prefix="reenact-") as aside:
        try:
            fetched = sources.fetch(sources.parse_uri(uri, version), Path(aside, "code"), world)
        finally:
            world.report.done()
        snapshot = fetched.snapshot
        yield Target(fetched.root / snapshot.subdirectory, entry_point, is_copy=snapshot.root is None)
