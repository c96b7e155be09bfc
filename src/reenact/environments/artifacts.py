"""Files that environments are made of, kept as they were published: wheels, conda packages, images of containers.

``artifacts/SHA256/NAME``: they come from an export, which had to fetch them, or from a bundle that was imported. What
is here is taken from here, and needs no network; whoever installs it compares it with its lock, as with any download.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from reenact.errors import StorageError
from reenact.files import make_folder
from reenact.home import Home

MADE = "made"
"""The folder beside the artifacts that notes which of them were made here, and of what."""

_DAY = 86400.0


def find_artifact(sha256: str, home: Home, name: str | None = None) -> Path | None:
    """The file with this digest (64 hexadecimal digits), None if it is not kept here; by its ``name``, where that means
    something to who takes it: the same content may be kept under several."""
    if len(sha256) != 64 or sha256.strip("0123456789abcdef"):
        return None
    try:
        names = sorted(os.listdir(home.artifacts / sha256))
    except OSError:
        return None
    wanted = next((each for each in names if name in (None, each)), None)
    return home.artifacts / sha256 / wanted if wanted else None


def keep_artifact(file: Path, name: str, sha256: str, home: Home) -> Path:
    """Where ``file``, which has this digest, is kept from now on, under ``name``; it is moved there.

    Raises:
        StorageError: it cannot be.
    """
    if "/" in name or "\0" in name or name in ("", ".", ".."):
        raise StorageError(f"a package cannot be called {name!r}")
    folder = make_folder(home.artifacts / sha256)
    try:
        with suppress(OSError):  # Who collects what nobody needs leaves alone what was wanted a moment ago.
            os.utime(folder)
        if (folder / name).exists():
            file.unlink()
        else:
            file.rename(folder / name)
    except OSError as problem:
        raise StorageError(f"cannot keep {name} in {folder}: {problem.strerror or problem}") from problem
    return folder / name


def list_unused_artifacts(home: Home, used: Collection[str], now: float) -> Iterator[Path]:
    """What is kept and is none of ``used`` (SHA-256), for a day; and what somebody who was killed left there."""
    try:
        entries = list(os.scandir(home.artifacts))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name != MADE and entry.name not in used and now - entry.stat().st_mtime > _DAY:
            yield Path(entry.path)
