"""The log as it is written."""

from __future__ import annotations

from pathlib import Path

from reenact.process.log_writer import LogWriter
from reenact.records.log import Entry
from tests.process.running import read_log


def test_a_log_holds_what_was_written_as_soon_as_it_was(tmp_path: Path) -> None:
    moments, problems = iter([1.5, 2.5]), list[str]()
    writer = LogWriter(tmp_path / "log", now=lambda: next(moments), failed=problems.append)
    early, late = "1970-01-01T00:00:01.500000Z", "1970-01-01T00:00:02.500000Z"
    writer.write(b"stdout", b"one\ntw")
    begun = [Entry(early, "stdout", True, b"one"), Entry(early, "stdout", False, b"tw")]
    assert list(read_log(tmp_path / "log")) == begun
    writer.write(b"stderr", b"o\n")
    writer.close()
    assert list(read_log(tmp_path / "log")) == [*begun, Entry(late, "stderr", True, b"o")]
    assert problems == []


def test_a_second_writer_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    for text in (b"one\n", b"two\n"):
        writer = LogWriter(tmp_path / "log", now=lambda: 0, failed=print)
        writer.write(b"stdout", text)
        writer.close()
        writer.close()
    assert [entry.printed for entry in read_log(tmp_path / "log")] == [b"one\n", b"two\n"]


def test_a_full_disk_is_said_once() -> None:
    problems: list[str] = []
    writer = LogWriter(Path("/dev/full"), now=lambda: 0, failed=problems.append)
    writer.write(b"stdout", b"one\n")
    writer.write(b"stdout", b"two\n")
    writer.close()
    assert len(problems) == 1
    assert "No space left" in problems[0]
