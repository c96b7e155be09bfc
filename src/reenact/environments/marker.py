"""The file that makes an environment count: written last, by a rename, and saying what the environment is."""

import os
from collections.abc import Mapping
from pathlib import Path

from reenact.files import find_kept
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


def find_marker(folder: Path, key: str, proof: str) -> Marker | None:
    """What the environment at ``folder`` says of itself; None if it is not whole, not that of ``key``, or spoiled.

    ``proof`` is something in it without which it is none: a program, or a folder.
    """
    marker = find_kept(Marker, folder / MARKER)
    return marker if marker and marker.key == key and os.access(folder / proof, os.X_OK) else None
