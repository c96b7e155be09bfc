"""From a URI on the command line to the project's folder, for the verbs that only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from reenact import sources
from reenact.world import World


@contextmanager
def fetching(uri: str, version: str | None, world: World) -> Iterator[sources.Fetched]:
    """What a URI means, pinned, its files there until the end of the block.

    Raises:
        SourceError: it cannot be found or fetched.
    """
    with TemporaryDirectory(prefix="reenact-") as aside:
        try:
            fetched = sources.fetch(sources.parse_uri(uri, version), Path(aside, "code"), world)
        finally:
            world.report.done()
        yield fetched


@contextmanager
def resolving(uri: str, version: str | None, world: World) -> Iterator[Path]:
    """The folder of the project that a URI means, there until the end of the block.

    Raises:
        SourceError: it cannot be found or fetched.
    """
    with fetching(uri, version, world) as fetched:
        yield fetched.root / fetched.snapshot.subdirectory
