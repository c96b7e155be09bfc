"""Which code exactly? A URI becomes a pinned :class:`~reenact.plan.Snapshot` with its files on disk.

A source is a module with two functions:

``matches(uri: str, world: World) -> bool``
    Whether the URI (its ``#subdirectory`` already taken off) is of this kind; looks at the text and, where it must, at
    the disk, never at the network.
``fetch(wanted: Wanted, code: Path, world: World) -> Fetched``
    Pin it and put its files in place: at ``code``, which does not exist yet, or where they already are.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from reenact.plan import Snapshot


class Wanted(NamedTuple):
    """What was asked for: ``uri`` without its fragment, the fragment, and the version if one was given."""

    uri: str
    subdirectory: str = ""
    version: str | None = None


class Fetched(NamedTuple):
    """A pinned source and the folder that holds its tree now; the project is in ``root / snapshot.subdirectory``."""

    snapshot: Snapshot
    root: Path
