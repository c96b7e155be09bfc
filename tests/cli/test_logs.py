from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.cli.logs import seek_tail
from reenact.records.files import read_run
from reenact.records.life import finish
from reenact.records.log import Entry, render_entry
from reenact.world import World
from tests.recorded import FINISHED, record_run, start

TIME = "2026-11-18T11:06:42.000000001Z"


def line(text: str, stream: str = "stdout", tag: str = "F") -> bytes:
    return f"{TIME} {stream} {tag} {text}\n".encode()


def test_each_stream_goes_where_it_came_from_unchanged(
    reenact: Callable[..., tuple[int, str, str]], world: World
) -> None:
    log = (
        line("one")
        + line("bad", "stderr")
        + line("50%\r", tag="P")
        + line("100%")
        + line("", "stderr")
        + line("?", tag="P")
    )
    folder = record_run(world, log=log)
    assert reenact("logs", folder.id) == (0, "one\n50%\r100%\n?", "bad\n\n")
    assert reenact("logs", "--timestamps")[1] == f"{TIME} one\n{TIME} 50%\r100%\n{TIME} ?"
    assert reenact("logs", "--tail", "3")[1] == "50%\r100%\n?"
    first = json.loads(reenact("logs", "--json")[1].splitlines()[0])
    assert first == {"time": TIME, "stream": "stdout", "text": "one\n"}


def test_a_run_without_a_log_printed_nothing(reenact: Callable[..., tuple[int, str, str]], world: World) -> None:
    folder = record_run(world)
    folder.log.unlink()
    assert reenact("logs") == (0, "", "")
    assert reenact("logs", "-f") == (0, "", "")


@given(st.lists(st.tuples(st.text("ab", max_size=5), st.booleans()), max_size=30), st.integers(0, 12))
def test_the_tail_is_the_last_printed_lines(parts: list[tuple[str, bool]], count: int) -> None:
    entries = [Entry(TIME, "stdout", full, text.encode()) for text, full in parts]
    printed = b"".join(entry.printed for entry in entries).splitlines(keepends=True)
    if entries and not entries[-1].full and not entries[-1].data:
        return  # a part that holds nothing was never written
    file = io.BytesIO(b"".join(map(render_entry, entries)))
    seek_tail(file, count)
    from reenact.records.log import read_entries

    found = b"".join(entry.printed for entry in read_entries(file) if entry)
    assert found == b"".join(printed[-count:] if count else [])


def test_following_ends_with_the_run_and_misses_nothing(world: World) -> None:
    folder, alive = start(world)
    command = [sys.executable, "-m", "reenact", "logs", "-f"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as follower:
        assert follower.stdout is not None
        with folder.log.open("ab", buffering=0) as log:
            for at in range(5):
                log.write(line(f"line {at}"))
                assert follower.stdout.readline() == f"line {at}\n".encode()
            log.write(line("last"))
        finish(read_run(folder), FINISHED, world)
        os.close(alive)
        assert follower.stdout.read() == b"last\n"
        assert follower.wait(10) == 0


@pytest.mark.parametrize("options", [[], ["-f"]])
def test_nobody_reading_ends_it_at_once(world: World, options: list[str]) -> None:
    folder, alive = start(world)
    folder.log.write_bytes(line("x" * 1000) * (5000 if not options else 1))
    command = [sys.executable, "-m", "reenact", "logs", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stderr is not None
        assert reader.stdout.readline() == b"x" * 1000 + b"\n"
        reader.stdout.close()
        assert reader.wait(10) != 0
        assert reader.stderr.read() == b""
    os.close(alive)
