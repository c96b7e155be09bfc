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


def find_artifact(sha256: str, home: Home) -> Path | None:
    """The file with this digest (64 hexadecimal digits), None if it is not kept here."""
    if len(sha256) != 64 or sha256.strip("0123456789abcdef"):
        return None
    try:
        names = os.listdir(home.artifacts / sha256)
    except OSError:
        return None
    return home.artifacts / sha256 / names[0] if names else None


def keep_artifact(file: Path, name: str, sha256: str, home: Home) -> Path:
    """Where ``file``, which has this digest, is kept from now on, under ``name``; it is moved there.

    Raises:
        StorageError: it cannot be.
    """
    if "/" in name or "\0" in name or name in ("", ".", ".."):
        raise StorageError(f"a package cannot be called {name!r}")
    if (kept := find_artifact(sha256, home)) is not None:
        file.unlink(missing_ok=True)
        with suppress(OSError):  # Who collects what nobody needs leaves alone what was wanted a moment ago.
            os.utime(kept.parent)
        return kept
    aside = make_folder(home.artifacts) / f".{sha256[:16]}.{os.getpid()}.{os.urandom(4).hex()}"
    target = home.artifacts / sha256
    try:
        aside.mkdir()
        file.rename(aside / name)
        aside.rename(target)
    except OSError as problem:
        if (kept := find_artifact(sha256, home)) is None:  # else somebody else was faster
            raise StorageError(f"cannot keep {name} in {target}: {problem.strerror or problem}") from problem
        return kept
    finally:
        if aside.exists():
            from shutil import rmtree

            rmtree(aside, ignore_errors=True)
    return target / name


def list_unused_artifacts(home: Home, used: Collection[str], now: float) -> Iterator[Path]:
    """What is kept and is none of ``used`` (SHA-256), for a day; and what somebody who was killed left there."""
    try:
        entries = list(os.scandir(home.artifacts))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name != MADE and entry.name not in used and now - entry.stat().st_mtime > _DAY:
            yield Path(entry.path)
