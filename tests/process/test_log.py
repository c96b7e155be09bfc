"""The log's format: every byte comes back."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from reenact.process.log import Follower, LogWriter, parse_entries, read_log, render_entries

CHUNKS = st.lists(
    st.tuples(
        st.sampled_from([b"stdout", b"stderr"]),
        st.one_of(st.binary(min_size=1), st.text("ab \n\r", min_size=1).map(str.encode)),
    )
)


@given(CHUNKS)
def test_each_stream_comes_back_byte_for_byte(chunks: list[tuple[bytes, bytes]]) -> None:
    log = b"".join(render_entries(b"2026-11-23T06:02:34.123456Z", stream, data) for stream, data in chunks)
    entries = list(parse_entries(log.splitlines(keepends=True) if b"\r" not in log else _lines(log)))
    for stream in ("stdout", "stderr"):
        printed = b"".join(data for name, data in chunks if name.decode() == stream)
        assert b"".join(entry.data for entry in entries if entry.stream == stream) == printed


def _lines(log: bytes) -> list[bytes]:
    return [line + b"\n" for line in log.split(b"\n")[:-1]]


@given(CHUNKS)
def test_each_line_is_one_that_log_shippers_read(chunks: list[tuple[bytes, bytes]]) -> None:
    log = b"".join(render_entries(b"2026-11-23T06:02:34.123456Z", stream, data) for stream, data in chunks)
    for line in _lines(log):
        assert re.match(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z (stdout|stderr) [FP] ", line)


def test_the_form_of_an_entry() -> None:
    assert render_entries(b"T", b"stdout", b"one\n\ntwo") == b"T stdout F one\nT stdout F \nT stdout P two\n"
    assert render_entries(b"T", b"stderr", b"\n") == b"T stderr F \n"


def test_a_log_is_followed_while_it_is_written(tmp_path: Path) -> None:
    problems: list[str] = []
    with Follower(tmp_path / "log") as follower:
        assert list(follower.read()) == []
        writer = LogWriter(tmp_path / "log", now=lambda: 1.5, failed=problems.append)
        writer.write(b"stdout", b"one\ntw")
        assert [entry.data for entry in follower.read()] == [b"one\n", b"tw"]
        writer.write(b"stdout", b"o\n")
        assert [entry.data for entry in follower.read()] == [b"o\n"]
        writer.close()
    assert [entry.moment for entry in read_log(tmp_path / "log")] == ["1970-01-01T00:00:01.500000Z"] * 3
    assert problems == []


def test_an_entry_that_is_not_whole_yet_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"T stdout F one\nT stdout F tw")
    with Follower(tmp_path / "log") as follower:
        assert [entry.data for entry in follower.read()] == [b"one\n"]
        (tmp_path / "log").write_bytes(b"T stdout F one\nT stdout F two\n")
        assert [entry.data for entry in follower.read()] == [b"two\n"]


def test_a_full_disk_is_said_once() -> None:
    problems: list[str] = []
    writer = LogWriter(Path("/dev/full"), now=lambda: 0, failed=problems.append)
    writer.write(b"stdout", b"one\n")
    writer.write(b"stdout", b"two\n")
    writer.close()
    assert len(problems) == 1
    assert "No space left" in problems[0]
