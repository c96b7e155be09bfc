"""``reenact import``: a bundle that may be anybody's becomes a run, whole or not at all. Nothing of it is started.

All of it is unpacked into a folder in staging that we hold the lock of, and checked on the way. Only then do its
parts go where they belong: packages and code, which are known by their content and mean nothing by themselves, then
the run by one rename. Who is killed before that rename leaves no run.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from reenact.codec import decode
from reenact.errors import RecordError, StorageError, UsageError
from reenact.files import delete_tree, make_folder
from reenact.records.life import stage
from reenact.records.types import Imported
from reenact.reproduce.bundle.crate_check import expect_crate, find_library
from reenact.reproduce.bundle.manifest import CRATE, EXECUTABLE, LINK, MADE, Entry, Manifest, list_leading_out
from reenact.reproduce.bundle.reading import Bundle, Opened
from reenact.reproduce.bundle.settling import settle_in
from reenact.reproduce.bundle.signature import open_statement, verify
from reenact.reproduce.bundle.statement import check_statement
from reenact.values import NamedTuple
from reenact.world import World

MOST = 64_000_000_000
"""Bytes that a bundle may unpack to, where nobody says more."""


class Terms(NamedTuple):
    """What is asked of a bundle: a signature by ``key``, no more than ``most`` bytes, no ``links`` that lead out, and
    that it is a ``crate`` to others, too."""

    key: Path | None = None
    most: int = MOST
    links: bool = False
    crate: bool = False


class Received(NamedTuple):
    """The run that a bundle held; ``known``: it was here already, and is as it was. ``key`` names who signed it."""

    run: str
    known: bool
    key: str | None


def import_bundle(file: Path, terms: Terms, world: World) -> Received:
    """Make the run in the bundle one of ours.

    Raises:
        RecordError: it is refused, for anything that is wrong with it; or another run of this id is here.
        UsageError: there is no such file, or the key cannot be used.
        StorageError: our home cannot be written, or has no room.
        UnsupportedError: a package of ours that it takes is not installed.
    """
    try:
        source = file.open("rb")
    except OSError as problem:
        raise UsageError(f"cannot read {file}: {problem.strerror or problem}") from problem
    with source:
        bundle = Bundle(source)
        key = _check(bundle.opened, terms, world)
        staged = stage(world)
        try:
            _unpack(bundle, staged.path, world)
            if terms.crate:
                _check_crate(bundle.opened.manifest, staged.path)
            imported = Imported(world.timestamp(), str(file), bundle.opened.digest, key, _read_made(staged.path))
            known = settle_in(bundle.opened.manifest, imported, staged.path, terms.most, world)
        finally:
            world.report.done()
            os.close(staged.alive)
            delete_tree(staged.path)
    return Received(bundle.opened.manifest.run, known, key)


def _check(opened: Opened, terms: Terms, world: World) -> str | None:
    """See that what is said first of the bundle can be accepted, before anything of it is unpacked."""
    manifest = opened.manifest
    if terms.crate:
        find_library()
    key = verify(opened.provenance, terms.key) if terms.key is not None else None
    statement, _ = open_statement(opened.provenance)
    check_statement(statement, opened.digest)
    if manifest.size > terms.most:
        message = f"the bundle is refused: it unpacks to {manifest.size:,} bytes, and {terms.most:,} are allowed"
        raise RecordError(message, hint="--max-size allows more")
    free = shutil.disk_usage(make_folder(world.home.root)).free
    if manifest.size > free:
        raise StorageError(
            f"the bundle unpacks to {manifest.size:,} bytes, and the disk of {world.home.root} has {free:,}"
        )
    if not terms.links and (out := list_leading_out(manifest)):
        message = f"the bundle is refused: '{out[0]}' is a link that leads out of it"
        raise RecordError(message, hint="--allow-links takes such links as they are")
    return key


def _unpack(bundle: Bundle, target: Path, world: World) -> None:
    """Every member below ``target``, under its name.

    Names stay inside and no member lies below another, so that no link is ever written through.
    """

    def put(entry: Entry, pieces: Iterator[bytes]) -> None:
        world.report.step("unpacking", entry.name)
        path = target / entry.name
        make_folder(path.parent)
        if entry.mode == LINK:
            path.symlink_to(os.fsdecode(b"".join(pieces)))
            return
        with path.open("xb") as file:
            for piece in pieces:
                file.write(piece)
        if entry.mode == EXECUTABLE:
            path.chmod(0o755)

    try:
        bundle.unpack(put)
    except OSError as problem:
        raise StorageError(f"cannot unpack the bundle to {target}: {problem.strerror or problem}") from problem


def _check_crate(manifest: Manifest, target: Path) -> None:
    if not (target / CRATE).exists():
        raise RecordError(f"the bundle is no Workflow Run RO-Crate: it has no {CRATE}")
    expect_crate((target / CRATE).read_bytes(), manifest.members)


def _read_made(target: Path) -> dict[str, str]:
    """Which packages stand for something that the lock names."""
    file = target / "packages" / MADE
    if not file.exists():
        return {}
    try:
        made = decode(dict[str, str], file.read_bytes())
    except (ValueError, RecursionError) as problem:
        raise RecordError(f"the bundle is refused: packages/{MADE} is damaged: {problem}") from problem
    for digest in made.values():
        if not re.fullmatch("[0-9a-f]{64}", digest) or not (target / "packages" / digest).is_dir():
            raise RecordError(f"the bundle is refused: packages/{MADE} names a package that it does not have")
    return made
