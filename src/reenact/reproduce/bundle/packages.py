"""The packages of an environment as files, so that it can be made where there is no network.

What was published is taken as it was, from where the lock says, each file compared with the lock's hash. What would
be made from something else there (a source distribution, a repository, a folder) goes along as a wheel, made here: to
make it there would need more packages, a compiler perhaps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from reenact.environments.artifacts import MADE, find_artifact, keep_artifact
from reenact.errors import BuildError, ReenactError, SourceError
from reenact.files import make_folder, write_atomic
from reenact.plan import EnvironmentLock, digest
from reenact.values import NamedTuple
from reenact.world import World

KINDS = {
    "python": "reenact.reproduce.bundle.python_packages",
    "conda": "reenact.reproduce.bundle.conda_packages",
    "docker": "reenact.reproduce.bundle.images",
}
"""The module whose ``gather`` finds the packages, for each kind of environment that has any."""


class Gathered(NamedTuple):
    """``files`` in our store of artifacts; ``trees``, copies of local code, by their digest; ``made``, the digests of
    those files that stand for something that the lock names, by that name."""

    files: tuple[Path, ...] = ()
    trees: Mapping[str, Path] = {}
    made: Mapping[str, str] = {}


def gather(lock: EnvironmentLock, root: Path, world: World) -> Gathered:
    """Every package of ``lock``, whose project is at ``root``.

    Raises:
        BuildError: some cannot be had; all of them are named.
        UnsupportedError: what it takes is not installed.
    """
    if lock.kind not in KINDS:
        return Gathered()
    gathered: Gathered = import_module(KINDS[lock.kind]).gather(lock, root, world)
    return gathered


class Missing:
    """What could not be had, collected, to be told all at once."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def attempt(self, name: str, get: Callable[[], Path]) -> Path | None:
        """What ``get`` gives; None where it fails, which is noted."""
        try:
            return get()
        except ReenactError as problem:
            self._lines.append(f"  {name}: {problem.message.partition(chr(10))[0]}")
            return None

    def tell(self) -> None:
        """Say what is missing.

        Raises:
            BuildError: something is.
        """
        if self._lines:
            raise BuildError(
                f"{len(self._lines)} of the packages cannot be had:\n" + "\n".join(self._lines),
                hint="without --with-packages they are fetched when the run is repeated",
            )


def fetch_published(uri: str, name: str, hashes: Mapping[str, str], world: World) -> Path:
    """The file that is published at ``uri``, or the one of the same hash that is kept here already.

    Raises:
        SourceError: it cannot be fetched, or is another one than was locked.
    """
    if (kept := find_artifact(hashes.get("sha256", ""), world.home, name)) is not None:
        return kept
    if not hashes:
        raise SourceError(f"the lock has no hash of {name}")
    from reenact.downloads import local, web

    aside = make_folder(world.home.artifacts) / f".{_random()}"
    try:
        (local if uri.startswith("file:") else web).fetch(uri, aside, world)
        for kind, expected in hashes.items():
            if _digest(aside, kind) != expected:
                raise SourceError(f"{name} is not the one that was locked (hash mismatch)")
        return keep_artifact(aside, name, _digest(aside, "sha256"), world.home)
    finally:
        aside.unlink(missing_ok=True)
        world.report.done()


def make_once(asked: object, make: Callable[[], Path], world: World) -> Path:
    """What ``make`` gave when the same was asked for the first time, for a second making may differ."""
    memo = world.home.artifacts / MADE / f"{digest(asked)}.json"
    try:
        kept = find_artifact(str(json.loads(memo.read_bytes())), world.home)
    except (OSError, ValueError):
        kept = None
    if kept is None:
        kept = make()
        make_folder(memo.parent)
        write_atomic(memo, json.dumps(kept.parent.name).encode())
    return kept


def keep_made(file: Path, world: World) -> Path:
    """A file that was made here, kept under its digest."""
    return keep_artifact(file, file.name, _digest(file, "sha256"), world.home)


def _digest(path: Path, kind: str) -> str:
    import hashlib

    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()
    except ValueError as problem:
        raise SourceError(f"the lock has a hash of a kind that is not known here: {kind}") from problem


def _random() -> str:
    import os

    return f"{os.getpid()}.{os.urandom(6).hex()}"
