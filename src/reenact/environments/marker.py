"""The file that makes an environment count: written last, by a rename, and saying what the environment is."""

from collections.abc import Mapping
from pathlib import Path

from reenact.codec import decode
from reenact.values import NamedTuple

MARKER = "reenact.json"


class Marker(NamedTuple):
    """What a whole environment says of itself.

    ``key`` is its resolved identity, ``interpreter`` the base interpreter it stands on, ``packages`` the names of all
    that it holds; ``variables`` and ``programs`` are what entering it sets. ``made`` is RFC 3339.
    """

    key: str
    python: str | None = None
    interpreter: str = ""
    packages: tuple[str, ...] = ()
    made: str = ""
    variables: Mapping[str, str] = {}
    programs: tuple[str, ...] = ()


def read_marker(folder: Path) -> Marker | None:
    """What the environment at ``folder`` says of itself, None if it is not whole."""
    try:
        return decode(Marker, (folder / MARKER).read_bytes())
    except (OSError, ValueError):
        return None
