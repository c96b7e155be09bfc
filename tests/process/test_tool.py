"""Programs of ours: git, uv and the like."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reenact.process.tool import run_tool
from tests.process.running import ROOT, eventually, find_marked


def test_what_it_said_and_how_it_ended() -> None:
    result = run_tool(["bash", "-c", "echo out; echo err >&2; exit 3"], environ=os.environ)
    assert (result.code, result.output, result.errors, result.ok) == (3, "out\n", "err\n", False)
    assert run_tool(["bash", "-c", "kill -9 $$"], environ=os.environ).code == -9


def test_there_is_no_such_program() -> None:
    with pytest.raises(FileNotFoundError):
        run_tool(["no-such-program"], environ=os.environ)


def test_much_in_and_out_at_once() -> None:
    data = os.urandom(3_000_000).hex()
    assert run_tool(["cat"], environ=os.environ, stdin=data.encode()).output == data


def test_input_that_nobody_reads() -> None:
    assert run_tool(["true"], environ=os.environ, stdin=b"x" * 3_000_000).ok


def test_lines_are_told_as_they_come_and_memory_is_bounded(tmp_path: Path) -> None:
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if line == "b":
            (tmp_path / "told").touch()

    script = (
        "printf 'a\\rb\\r' >&2; until [ -e told ]; do sleep 0.01; done; printf '\\nc' >&2; yes | head -c 9000000 >&2"
    )
    result = run_tool(["bash", "-c", script], environ=os.environ, cwd=tmp_path, on_line=tell)
    assert told[:4] == ["a", "b", "cy", "y"]
    assert len(told) == 2 + 4_500_000
    assert len(result.errors) <= 1 << 16


def test_a_line_that_begins_before_a_full_chunk_is_told_whole(tmp_path: Path) -> None:
    told: list[str] = []
    script = "printf b >&2; sleep 0.2; yes | head -c 200000 >&2"
    run_tool(["bash", "-c", script], environ=os.environ, cwd=tmp_path, on_line=told.append)
    assert told[0] == "by"


def test_a_lock_that_is_held_goes_with_it(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    try:
        assert run_tool(["bash", "-c", f"echo x >&{descriptor}"], environ=os.environ, keep_open=[descriptor]).ok
    finally:
        os.close(descriptor)
    assert (tmp_path / "lock").read_text() == "x\n"


def start_owner(script: str, mark: str) -> subprocess.Popen[bytes]:
    code = (
        "import os, sys\nfrom reenact.process.tool import run_tool\nname, _, value = sys.argv[2].partition('=')\n"
        "run_tool(['bash', '-c', sys.argv[1]], environ={**os.environ, name: value})"
    )
    return subprocess.Popen([sys.executable, "-c", code, script, mark], cwd=ROOT, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "script", ["sleep 100 & setsid sleep 100 & sleep 100", "trap '' INT TERM; sleep 100; sleep 99"]
)
def test_nothing_of_it_survives_us(number: signal.Signals, script: str) -> None:
    mark = f"MARK={os.urandom(8).hex()}"
    owner = start_owner(script, mark)
    try:
        assert eventually(lambda: len(find_marked(mark)) >= 2)
        owner.send_signal(number)
        owner.wait(20)
        assert eventually(lambda: not find_marked(mark))
    finally:
        owner.kill()
        owner.wait()
        for pid in find_marked(mark):
            os.kill(pid, signal.SIGKILL)
