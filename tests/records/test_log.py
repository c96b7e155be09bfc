from __future__ import annotations

import io
import re
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from reenact.records.log import Entry, parse_entry, read_entries, render_entries, render_entry

TIME = "2026-11-23T06:02:34.123456789Z"
STREAMS: st.SearchStrategy[Literal["stdout", "stderr"]] = st.sampled_from(["stdout", "stderr"])
ENTRIES = st.builds(
    Entry, st.just(TIME), STREAMS, st.booleans(), st.binary().map(lambda data: data.replace(b"\n", b""))
)


@given(ENTRIES)
def test_an_entry_comes_back_from_its_line(entry: Entry) -> None:
    assert parse_entry(render_entry(entry)) == entry


@given(st.lists(ENTRIES), st.integers(70, 200))
def test_whatever_was_printed_comes_back_in_any_block_size(entries: list[Entry], block: int) -> None:
    file = io.BytesIO(b"".join(map(render_entry, entries)))
    found = [entry for entry in read_entries(file, block=block) if entry]
    for stream in ("stdout", "stderr"):
        wanted = b"".join(entry.printed for entry in entries if entry.stream == stream)
        assert b"".join(entry.printed for entry in found if entry.stream == stream) == wanted
    assert all(len(entry.data) < block for entry in found)


CHUNKS = st.lists(st.tuples(STREAMS, st.one_of(st.binary(min_size=1), st.text("ab \n\r", min_size=1).map(str.encode))))


@given(CHUNKS)
def test_each_stream_comes_back_byte_for_byte(chunks: list[tuple[str, bytes]]) -> None:
    log = b"".join(render_entries(TIME.encode(), stream.encode(), printed) for stream, printed in chunks)
    found = [entry for entry in read_entries(io.BytesIO(log)) if entry]
    for stream in ("stdout", "stderr"):
        wanted = b"".join(printed for name, printed in chunks if name == stream)
        assert b"".join(entry.printed for entry in found if entry.stream == stream) == wanted


@given(CHUNKS)
def test_each_line_is_one_that_log_shippers_read(chunks: list[tuple[str, bytes]]) -> None:
    log = b"".join(render_entries(TIME.encode(), stream.encode(), printed) for stream, printed in chunks)
    for line in log.split(b"\n")[:-1]:
        assert re.match(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z (stdout|stderr) [FP] ", line)


def test_the_form_of_an_entry() -> None:
    assert render_entries(b"T", b"stdout", b"one\n\ntwo") == b"T stdout F one\nT stdout F \nT stdout P two\n"
    assert render_entries(b"T", b"stderr", b"\n") == b"T stderr F \n"


@given(st.binary())
def test_no_bytes_are_too_strange(data: bytes) -> None:
    assert all(entry is not None for entry in read_entries(io.BytesIO(data)))


def test_a_line_cut_short_by_a_death_keeps_its_bytes() -> None:
    assert parse_entry(f"{TIME} stdout F half of it".encode()) == Entry(TIME, "stdout", False, b"half of it")
    assert parse_entry(TIME.encode()) is None


def test_following_waits_for_the_rest_of_a_line_and_misses_nothing() -> None:
    line = render_entry(Entry(TIME, "stdout", True, b"hello world"))
    file = io.BytesIO()
    over = [False]

    def append(data: bytes) -> None:
        at = file.tell()
        file.seek(0, io.SEEK_END)
        file.write(data)
        file.seek(at)

    entries = read_entries(file, lambda: over[0])
    assert next(entries) is None
    append(line[:50])
    assert next(entries) is None
    append(line[50:] + line)
    assert [next(entries), next(entries), next(entries)] == [parse_entry(line), parse_entry(line), None]
    append(line)
    over[0] = True
    assert list(entries) == [parse_entry(line)]
