"""A reader that believes nothing: whatever is not the bundle that its manifest describes is refused."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from reenact.errors import RecordError
from reenact.reproduce.bundle.compression import load_zstd
from reenact.reproduce.bundle.manifest import LARGEST, Entry, make_entry
from reenact.reproduce.bundle.reading import Bundle
from reenact.reproduce.bundle.tar import BLOCK, END
from tests.reproduce.bundle.made import (
    MEMBERS,
    forge,
    list_headers,
    make_provenance,
    pack,
    read_all,
    unpack,
    write_sound,
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A bundle as an export writes it."""
    path = tmp_path_factory.mktemp("bundle") / "run.tar.zst"
    write_sound(path)
    return path.read_bytes()


def test_what_was_written_is_read(sound: bytes) -> None:
    assert read_all(sound) == {member.name: member.content for member in MEMBERS}


def test_every_tar_reads_it(sound: bytes) -> None:
    members = list_headers(sound)
    assert [member.name for member in members][:2] == ["manifest.json", "provenance.intoto.jsonl"]
    assert {(member.mtime, member.uid, member.gid, member.uname) for member in members} == {(0, 0, 0, "")}
    assert len(members) == len(MEMBERS) + 2


def test_the_same_members_give_the_same_bytes(sound: bytes, tmp_path: Path) -> None:
    write_sound(tmp_path / "again", reversed(MEMBERS))
    assert (tmp_path / "again").read_bytes() == sound


@settings(max_examples=300)
@given(data=st.data())
def test_no_byte_can_be_flipped(sound: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sound) - 1))
    changed = bytearray(sound)
    changed[at] ^= data.draw(st.integers(1, 255))
    expect_refused_or_same(bytes(changed), sound)


@settings(max_examples=300)
@given(data=st.data())
def test_no_byte_of_what_is_packed_can_be_flipped(sound: bytes, data: st.DataObject) -> None:
    inside = bytearray(unpack(sound))
    inside[data.draw(st.integers(0, len(inside) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(RecordError, match=r"refused|version"):
        read_all(pack(bytes(inside)))


@given(data=st.data())
def test_nothing_can_be_cut_off_or_added(sound: bytes, data: st.DataObject) -> None:
    inside = unpack(sound)
    cut = data.draw(st.integers(0, len(inside) - 1))
    more = data.draw(st.binary(min_size=1, max_size=2000))
    for changed in (inside[:cut], inside + more, more + inside):
        with pytest.raises(RecordError, match="refused"):
            read_all(pack(changed))
    for changed in (sound[: data.draw(st.integers(0, len(sound) - 1))], sound + more, sound + sound):
        with pytest.raises(RecordError, match="refused"):
            read_all(changed)


@given(data=st.data())
def test_blocks_cannot_change_places(sound: bytes, data: st.DataObject) -> None:
    inside = unpack(sound)
    blocks = [inside[at : at + BLOCK] for at in range(0, len(inside), BLOCK)]
    changed = b"".join(data.draw(st.permutations(blocks)))
    if changed != inside:
        with pytest.raises(RecordError, match="refused"):
            read_all(pack(changed))


def expect_refused_or_same(data: bytes, sound: bytes) -> None:
    """zstd has bits that mean nothing: what differs in those only is the same bundle."""
    try:
        found = read_all(data)
    except RecordError:
        return
    assert found == read_all(sound)


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "code/../../x", "code/./x", "code//x", "../x", "code\\x", "code/a\\..\\b", "code/x\0y", "code/",
     "x", "other/x", "manifest.json", "provenance.intoto.jsonl",
     "record/a/b", "record/.x", "record/alive", "record/imported.json",
     "record/outputs",
     "code/.git/config", "code/a/.GIT/x",
     "packages/x", "packages/trees/x/y", "inputs/x", "code/\ud800", "code/" + "x" * 256, "", "."],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    entry = make_entry("code/x", "100644", b"x")._replace(name=name)
    with pytest.raises(RecordError, match="refused"):
        Bundle(io.BytesIO(forge_head([entry])))


def forge_head(entries: list[Entry], **more: object) -> bytes:
    """The beginning of a bundle; what would follow is never read."""
    import json

    from reenact.reproduce.bundle.manifest import Manifest, render_manifest
    from reenact.reproduce.bundle.tar import padding, render_head

    plain = json.loads(render_manifest(Manifest("0" * 32, tuple(entries)))) | more
    manifest = json.dumps(plain).encode()
    data = b""
    provenance = make_provenance(hashlib.sha256(manifest).hexdigest())
    for name, content in (("manifest.json", manifest), ("provenance.intoto.jsonl", provenance)):
        data += render_head(make_entry(name, "100644", content)) + content + padding(len(content))
    return pack(data)


def test_a_member_twice_is_refused() -> None:
    entry = make_entry("code/x", "100644", b"x")
    with pytest.raises(RecordError, match="twice"):
        Bundle(io.BytesIO(forge_head([entry, entry])))


def test_a_file_below_a_file_or_a_link_is_refused() -> None:
    link = make_entry("code/a", "120000", b"..")
    inside = make_entry("code/a/x", "100644", b"x")
    with pytest.raises(RecordError, match="would lie in it"):
        Bundle(io.BytesIO(forge_head([link, inside], links=[["code/a", ".."]])))


@pytest.mark.parametrize("links", [[], [["code/b", "x"]], [["code/a", "y\0"]], [["code/a", ""]], [["code/a", "xyz"]]])
def test_where_links_lead_has_to_fit(links: list[list[str]]) -> None:
    with pytest.raises(RecordError, match=r"links lead|link to nowhere"):
        Bundle(io.BytesIO(forge_head([make_entry("code/a", "120000", b"xy")], links=links)))


@pytest.mark.parametrize(
    "more",
    [
        {"version": 2},
        {"run": "../../x"},
        {"run": "0" * 31},
        {"run": 7},
        {"members": [1]},
        {"members": None},
        {"code": "x"},
    ],
)
def test_a_manifest_of_another_kind_is_refused(more: dict[str, object]) -> None:
    with pytest.raises(RecordError):
        Bundle(io.BytesIO(forge_head([], **more)))


@pytest.mark.parametrize("size", [-1, 5, 1 << 62])
def test_a_size_that_is_not_so_is_refused(size: int) -> None:
    entry = make_entry("code/x", "100644", b"x" * 600)
    with pytest.raises(RecordError, match="refused"):
        read_all(forge([entry._replace(size=size)], {"code/x": b"x" * 600}))


@pytest.mark.parametrize("field", ["blake3", "sha256"])
def test_both_digests_count(field: str) -> None:
    entry = make_entry("code/x", "100644", b"x")
    other = {"blake3": blake3(b"y").hexdigest(), "sha256": hashlib.sha256(b"y").hexdigest()}
    wrong = Entry(**{**entry._asdict(), field: other[field]})
    with pytest.raises(RecordError, match="digest"):
        read_all(forge([wrong], {"code/x": b"x"}))


@pytest.mark.parametrize("kind", [b"1", b"3", b"4", b"5", b"6", b"7", b"S", b"x", b"g", b"L", b"K"])
def test_a_member_of_another_kind_is_refused(sound: bytes, kind: bytes) -> None:
    inside = bytearray(unpack(sound))
    at = next(at for at in range(0, len(inside), BLOCK) if inside[at:].startswith(b"code/train.py\0"))
    head = inside[at : at + BLOCK]
    head[156:157] = kind
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    inside[at : at + BLOCK] = head
    with pytest.raises(RecordError, match="refused"):
        read_all(pack(bytes(inside)))


@pytest.mark.parametrize("data", [b"", b"x", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", os.urandom(5000), b"\0" * 5000])
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    for each in (data, pack(data), pack(data + END)):
        with pytest.raises(RecordError, match="refused"):
            read_all(each)


def test_another_archive_is_refused_and_named() -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as packed:
        packed.addfile(tarfile.TarInfo("evil"), io.BytesIO())
    with pytest.raises(RecordError, match=r"a file 'evil' stands where 'manifest.json' is due"):
        read_all(pack(target.getvalue()))


def test_a_manifest_that_is_too_large_is_not_read() -> None:
    from reenact.reproduce.bundle.tar import render_head

    with pytest.raises(RecordError, match="bytes"):
        read_all(pack(render_head(Entry("manifest.json", LARGEST + 1, "100644", "", ""))))


def test_a_bomb_is_read_no_further_than_its_manifest_says(sound: bytes) -> None:
    """A terabyte of zeros in half a megabyte: what is due does not come, and no more of it is unpacked."""
    zstd = load_zstd()
    packing = zstd.ZstdCompressor()
    piece = packing.compress(bytes(1 << 27), zstd.ZstdCompressor.FLUSH_BLOCK)
    bomb = piece + packing.compress(bytes(1 << 27), zstd.ZstdCompressor.FLUSH_BLOCK) * 8000
    assert len(bomb) < 128 << 20
    with pytest.raises(RecordError, match="refused"):
        read_all(bomb)


def test_a_frame_that_asks_for_much_memory_is_refused() -> None:
    zstd = load_zstd()
    parameters = {zstd.CompressionParameter.window_log: 27}
    large = zstd.compress(os.urandom(1 << 10) * (17 << 10), options=parameters)
    with pytest.raises(RecordError, match="zstd"):
        read_all(large)
