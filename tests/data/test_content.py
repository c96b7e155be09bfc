"""Reading what may be anything."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from blake3 import blake3

from reenact.data.content import Unread, read_content


def test_the_content_is_known_by_its_digest(tmp_path: Path) -> None:
    data = os.urandom(3 << 20)
    path = tmp_path / "a\n\udcff"
    path.write_bytes(data)
    pieces: list[bytes] = []
    content = read_content(path, lambda piece: pieces.append(bytes(piece)))
    assert (content.digest, content.size) == (blake3(data).hexdigest(), len(data))
    assert b"".join(pieces) == data
    path.write_bytes(b"")
    assert read_content(path).digest == blake3(b"").hexdigest()


def test_a_large_file_has_the_same_digest(tmp_path: Path) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(40 << 20)
    assert read_content(tmp_path / "sparse").digest == blake3(bytes(40 << 20)).hexdigest()


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").symlink_to("a")
    assert read_content(tmp_path / "b") == read_content(tmp_path / "a")


def test_nothing_that_could_hold_us_up_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for path, why in (
            (tmp_path / "pipe", "a pipe"),
            (tmp_path / "socket", "a socket"),
            (Path("/dev/zero"), "a device"),
            (tmp_path, "a folder"),
            (Path("/proc/self/status"), "made by the kernel while it is read"),
            (tmp_path / "nothing", "No such file or directory"),
        ):
            with pytest.raises(Unread, match=f"^{why}"):
                read_content(path)


def test_a_circle_of_links_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(Unread, match="Too many levels"):
        read_content(tmp_path / "a")


def test_what_changes_all_the_time_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(bytes(1 << 20))

    def grow(_: memoryview) -> None:
        with open(path, "ab") as file:
            file.write(b"more")

    with pytest.raises(Unread, match="changed while it was read"):
        read_content(path, grow)


def test_what_is_cut_short_while_it_is_read_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "shrinking"
    path.write_bytes(bytes(8 << 20))
    with pytest.raises(Unread, match="changed while it was read"):
        read_content(path, lambda _: os.truncate(path, 10))
