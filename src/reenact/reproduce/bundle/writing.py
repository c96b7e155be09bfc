"""Write a bundle: members with their content in, one file out, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from blake3 import blake3

from reenact.errors import RecordError, StorageError
from reenact.files import sync_folder
from reenact.hints import TYPE_CHECKING
from reenact.reproduce.bundle.compression import Packed
from reenact.reproduce.bundle.manifest import (
    FILE,
    LARGEST,
    LINK,
    NAME,
    PROVENANCE,
    Entry,
    Manifest,
    Mode,
    check_manifest,
    make_entry,
    read_chunks,
    render_manifest,
    sort_entries,
)
from reenact.reproduce.bundle.tar import END, padding, render_head
from reenact.values import NamedTuple
from reenact.world import World

if TYPE_CHECKING:
    from typing import IO


class Member(NamedTuple):
    """Something that goes into a bundle: a file's path, or the bytes themselves (of a link: where it leads)."""

    name: str
    content: Path | bytes
    mode: Mode = FILE


class Sealed(NamedTuple):
    """A manifest, and the contents of its members by name."""

    manifest: Manifest
    contents: dict[str, Path | bytes]

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest as it is written."""
        from hashlib import sha256

        return sha256(render_manifest(self.manifest)).hexdigest()

    def add(self, member: Member) -> Sealed:
        """With one more file."""
        entries = (*self.manifest.members, make_entry(member.name, member.mode, member.content))
        manifest = self.manifest._replace(members=sort_entries(entries))
        return Sealed(manifest, {**self.contents, member.name: member.content})


def seal(run: str, members: Iterable[Member], code: str | None, world: World) -> Sealed:
    """Read every member once, and say what is in it.

    Raises:
        RecordError: one could not be imported, because of its name.
        StorageError: one cannot be read.
    """
    contents: dict[str, Path | bytes] = {}
    entries: list[Entry] = []
    links: dict[str, str] = {}
    for member in members:
        world.report.step("reading", member.name)
        contents[member.name] = member.content
        entries.append(make_entry(member.name, member.mode, member.content))
        if member.mode == LINK and isinstance(member.content, bytes):
            links[member.name] = os.fsdecode(member.content)
    ordered = sort_entries(entries)
    manifest = Manifest(
        run, ordered, tuple((each.name, links[each.name]) for each in ordered if each.mode == LINK), code
    )
    try:
        check_manifest(manifest)
    except RecordError as problem:
        raise RecordError(problem.message.replace("is refused", "would be refused"), hint=problem.hint) from problem
    return Sealed(manifest, contents)


def write_bundle(sealed: Sealed, provenance: bytes, target: Path, world: World) -> None:
    """Put the bundle at ``target``, by rename: there is a whole file or the one from before.

    Raises:
        RecordError: a member is not what it was when it was read first, or there are too many.
        StorageError: it cannot be written.
    """
    head = render_manifest(sealed.manifest)
    if len(head) > LARGEST:
        raise RecordError(f"a bundle cannot have {len(sealed.manifest.members):,} members", hint="leave some out")
    with _replacing(target) as file:
        packed = Packed(file)
        for name, data in ((NAME, head), (PROVENANCE, provenance)):
            _write_member(make_entry(name, FILE, data), data, packed)
        for entry in sealed.manifest.members:
            world.report.step("writing", entry.name)
            _write_member(entry, sealed.contents[entry.name], packed)
        packed.write(END)
        packed.finish()
    world.report.done()


def _write_member(entry: Entry, content: Path | bytes, packed: Packed) -> None:
    if entry.mode == LINK:
        packed.write(render_head(entry, content if isinstance(content, bytes) else b""))
        return
    packed.write(render_head(entry))
    hasher, size = blake3(), 0
    for chunk in read_chunks(content):
        hasher.update(chunk)
        size += len(chunk)
        packed.write(chunk)
    if size != entry.size or hasher.hexdigest() != entry.blake3:
        raise RecordError(f"{entry.name} changed while it was read", hint="export again")
    packed.write(padding(size))


@contextmanager
def _replacing(target: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of ``target`` when all went well."""
    aside = target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        try:
            with aside.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            aside.replace(target)
            sync_folder(target.parent)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as problem:
        raise StorageError(f"cannot write {target}: {problem.strerror or problem}") from problem
