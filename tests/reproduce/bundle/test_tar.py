"""Heads of members: read by others as they were meant."""

from __future__ import annotations

import io
import os
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from reenact.reproduce.bundle.manifest import LINK, Entry
from reenact.reproduce.bundle.tar import END, padding, read_size, render_head

PARTS = st.binary(min_size=1, max_size=90).filter(lambda part: not set(part) & {0, 47} and part not in (b".", b".."))
NAMES = st.lists(PARTS, min_size=1, max_size=5).map(lambda parts: os.fsdecode(b"/".join(parts)))


def read(data: bytes) -> tarfile.TarInfo:
    with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8", errors="surrogateescape") as packed:
        (member,) = packed.getmembers()
        return member


@given(name=NAMES, content=st.binary(max_size=1500), executable=st.booleans())
def test_a_file_is_read_as_it_was_written(name: str, content: bytes, executable: bool) -> None:
    entry = Entry(name, len(content), "100755" if executable else "100644", "", "")
    member = read(render_head(entry) + content + padding(len(content)) + END)
    assert (member.name, member.size, member.isreg()) == (name, len(content), True)
    assert (member.mode, member.uid, member.gid, member.mtime, member.uname) == (
        0o755 if executable else 0o644,
        0,
        0,
        0,
        "",
    )


@given(name=NAMES, target=st.binary(min_size=1, max_size=300).filter(lambda text: 0 not in text))
def test_a_link_is_read_as_it_was_written(name: str, target: bytes) -> None:
    member = read(render_head(Entry(name, len(target), LINK, "", ""), target) + END)
    assert (member.name, member.issym(), os.fsencode(member.linkname)) == (name, True, target)


def test_a_file_may_be_larger_than_eight_gigabytes() -> None:
    head = render_head(Entry("packages/big", 9 << 33, "100644", "", ""))
    assert tarfile.TarInfo.frombuf(head, "utf-8", "strict").size == 9 << 33
    assert read_size(head) is None


def test_the_size_in_a_head_is_read_where_it_is_plain() -> None:
    assert read_size(render_head(Entry("x", 1234, "100644", "", ""))) == 1234
    assert read_size(b"\xff" * 512) is None
    assert read_size(b"") is None
