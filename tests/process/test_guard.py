"""What the watchdog has and has not of its own."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from reenact.process.guard import guarding
from tests.process.running import eventually


def test_it_holds_nothing_of_ours() -> None:
    """A pipe that whoever started us left open for us must end when we do, and a folder can be unmounted."""
    ear, mouth = os.pipe()
    os.set_inheritable(mouth, True)
    try:
        with guarding("NAME=value") as guard:
            place = Path(f"/proc/{guard.pid}")
            assert eventually(lambda: os.readlink(place / "cwd") == "/")
            assert {int(fd) for fd in os.listdir(place / "fd")} == {0, 1, 2}
            assert os.getsid(guard.pid) == guard.pid
            os.close(mouth)
            mouth = -1
            assert os.read(ear, 1) == b""
        assert not place.exists()
    finally:
        os.close(ear)
        if mouth >= 0:
            os.close(mouth)


def test_it_meets_a_broken_pipe_as_any_program() -> None:
    """Python ignores SIGPIPE; what a guard starts must not."""
    with guarding("NAME=value") as guard:
        status = Path(f"/proc/{guard.pid}/status").read_text()
        ignored = int(next(line for line in status.splitlines() if line.startswith("SigIgn")).split()[1], 16)
        assert not ignored & 1 << signal.SIGPIPE - 1


def test_whoever_waits_for_all_our_children_does_not_disturb_it() -> None:
    with guarding("NAME=value") as guard:
        os.kill(guard.pid, signal.SIGKILL)
        os.waitpid(guard.pid, 0)
    assert not Path(f"/proc/{guard.pid}").exists()
