"""Bundles made by hand: sound ones, and what somebody with bad intentions would send."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from reenact.home import Home
from reenact.report import Memory, Silence
from reenact.reproduce.bundle.compression import Packed, Unpacked
from reenact.reproduce.bundle.contents import Wanted
from reenact.reproduce.bundle.exporting import Exported, export
from reenact.reproduce.bundle.manifest import EXECUTABLE, LINK, Entry, Manifest, make_entry, render_manifest
from reenact.reproduce.bundle.reading import Bundle
from reenact.reproduce.bundle.signature import open_statement, seal_statement
from reenact.reproduce.bundle.statement import STATEMENT, check_statement
from reenact.reproduce.bundle.tar import END, padding, render_head
from reenact.reproduce.bundle.writing import Member, Sealed, seal, write_bundle
from reenact.run_folder import RunFolder
from reenact.world import World, make_world

RUN = "0123456789abcdef" * 2
MEMBERS = (
    Member("record/plan.json", b"{}"),
    Member("record/log", b""),
    Member("code/train.py", b"print(1)\n" * 100, EXECUTABLE),
    Member("code/" + "deep/" * 30 + "data.bin", bytes(range(256)) * 3),
    Member("code/link", b"train.py", LINK),
    Member("code/" + "deep/" * 30 + "far", b"../" * 30 + b"train.py", LINK),
    Member("code/na\xc3\xafve \xff".encode("latin-1").decode("utf-8", "surrogateescape"), b"x"),
)


def make_silent_world() -> World:
    """The test's own home, and nobody who listens."""
    return make_world(Silence())


def write_sound(target: Path, members: Iterable[Member] = MEMBERS) -> Manifest:
    """A bundle of these members as an export writes it, but for its provenance."""
    sealed = seal(RUN, members, None, make_silent_world())
    write_bundle(sealed, make_provenance(sealed.digest), target, make_silent_world())
    return sealed.manifest


def make_provenance(digest: str) -> bytes:
    """The least that names a manifest."""
    subject = {"name": "manifest.json", "digest": {"sha256": digest}}
    return seal_statement(json.dumps({"_type": STATEMENT, "subject": [subject]}).encode(), None)


def read_all(data: bytes) -> dict[str, bytes]:
    """What a reader believes of a bundle: every member's content."""
    found: dict[str, bytes] = {}
    bundle = Bundle(io.BytesIO(data))
    check_statement(open_statement(bundle.opened.provenance)[0], bundle.opened.digest)
    bundle.unpack(lambda entry, pieces: found.__setitem__(entry.name, b"".join(pieces)))
    return found


def pack(data: bytes) -> bytes:
    """``data`` as a zstd file."""
    target = io.BytesIO()
    packed = Packed(target)
    packed.write(data)
    packed.finish()
    return target.getvalue()


def unpack(data: bytes) -> bytes:
    """The inverse."""
    stream = Unpacked(io.BytesIO(data))
    parts = []
    while part := stream.read(1 << 20):
        parts.append(part)
    return b"".join(parts)


def forge(entries: Iterable[Entry], contents: dict[str, bytes], **more: Any) -> bytes:
    """A bundle whose parts agree with each other, whatever its names, sizes and links are."""
    plain = json.loads(render_manifest(Manifest(RUN, tuple(entries))))
    plain.update(more)
    manifest = json.dumps(plain).encode()
    links = dict(plain["links"])
    data = b""
    provenance = make_provenance(sha256(manifest).hexdigest())
    for name, content in (("manifest.json", manifest), ("provenance.intoto.jsonl", provenance)):
        data += render_head(make_entry(name, "100644", content)) + content + padding(len(content))
    for entry in entries:
        if entry.mode == LINK:
            data += render_head(entry, links[entry.name].encode())
        else:
            data += render_head(entry) + contents[entry.name] + padding(len(contents[entry.name]))
    return pack(data + END)


def list_headers(data: bytes) -> list[tarfile.TarInfo]:
    """The members of a bundle, as the standard library reads it."""
    with tarfile.open(fileobj=io.BytesIO(unpack(data))) as packed:
        return packed.getmembers()


def write_run(folder: RunFolder, world: World, target: Path, key: Path | None = None) -> Exported:
    """The bundle of a run with its data."""
    return export(folder, Wanted(inputs=True, outputs=True), target, key, world)


def read(bundle: Path) -> tuple[Sealed, bytes]:
    """The parts of a bundle, to make another of."""
    contents: dict[str, Path | bytes] = {}
    with bundle.open("rb") as file:
        opened = Bundle(file)
        opened.unpack(lambda entry, pieces: contents.__setitem__(entry.name, b"".join(pieces)))
    return Sealed(opened.opened.manifest, contents), opened.opened.provenance


def rewrite(bundle: Path, change: Callable[[dict[str, Member]], None], **more: Any) -> None:
    """The bundle with other members, whose digests are all as they should be."""
    sealed, _ = read(bundle)
    members = {
        entry.name: Member(entry.name, sealed.contents[entry.name], entry.mode) for entry in sealed.manifest.members
    }
    change(members)
    world = World(Home(bundle.parent / "nobody"), {}, bundle.parent, Memory())
    again = seal(sealed.manifest.run, members.values(), sealed.manifest.code, world)
    again = Sealed(again.manifest._replace(**more), again.contents)
    write_bundle(again, make_provenance(again.digest), bundle, world)


def expect_nothing(other: World) -> None:
    """No run, and nothing in staging."""
    assert not any(other.home.runs.iterdir()) if other.home.runs.exists() else True
    assert not any(other.home.staging.iterdir()) if other.home.staging.exists() else True
    assert not other.home.artifacts.exists()
