"""A part of us as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from reenact.process.fork import FAILED, can_fork

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux is forked on")

_AROUND = """
import os, signal, sys
from pathlib import Path
from reenact.process.fork import can_fork, fork
assert can_fork()
{before}
def work():
{work}
pid = fork(work, Path({folder!r}), (0, 1, 2), None, {kept})
{after}
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""

Forked = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def forked(tmp_path: Path) -> Forked:
    """Forks an interpreter that has one thread, as pytest need not have."""

    def begin(
        work: str, before: str = "", after: str = "", kept: str = "()", **more: object
    ) -> subprocess.CompletedProcess[str]:
        lines = "\n".join(f"    {line}" for line in work.splitlines())
        text = _AROUND.format(before=before, work=lines, folder=str(tmp_path), after=after, kept=kept)
        argv = [sys.executable, "-c", text]
        return subprocess.run(argv, text=True, capture_output=True, check=False, **more)  # type: ignore[call-overload, no-any-return]

    return begin


def test_the_code_is_what_the_work_returns(forked: Forked) -> None:
    assert forked("return 7").returncode == 7


def test_it_has_a_session_a_folder_and_nothing_of_ours_that_is_open(forked: Forked, tmp_path: Path) -> None:
    before = "line = os.open('/dev/null', os.O_RDONLY); os.set_inheritable(line, True)"
    done = forked(
        "print(os.getsid(0) == os.getpid(), os.getcwd(), os.listdir('/proc/self/fd'), flush=True)\nreturn 0", before
    )
    # The last is what lists them.
    assert done.stdout == f"True {tmp_path} ['0', '1', '2', '3']\n"


def test_it_has_what_is_kept_for_it_and_nothing_between(forked: Forked) -> None:
    before = "opened = [os.open('/dev/null', os.O_RDONLY) for _ in range(6)]; kept = (opened[4], opened[1])"
    done = forked("print(sorted(kept), os.listdir('/proc/self/fd'), flush=True)\nreturn 0", before, kept="kept")
    # The lowest that is free lists them.
    assert done.stdout == "[4, 7] ['0', '1', '2', '3', '4', '7']\n"


def test_with_a_stream_closed_nothing_is_forked() -> None:
    script = "import os\nfrom reenact.process.fork import can_fork\nprint(can_fork())\nos.close(0)\nprint(can_fork())"
    done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True, check=True)
    assert done.stdout == "True\nFalse\n"


def test_signals_do_what_they_do_by_default_and_what_is_ignored_stays_so(forked: Forked) -> None:
    before = (
        "signal.signal(signal.SIGTERM, lambda *_: print('not me'))\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "ear, mouth = os.pipe(); os.set_blocking(mouth, False); signal.set_wakeup_fd(mouth)"
    )
    done = forked("os.kill(os.getpid(), signal.SIGHUP)\nos.kill(os.getpid(), signal.SIGTERM)\nreturn 1", before)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM % 256, "")


def test_our_own_signals_are_as_they_were(forked: Forked) -> None:
    before = "signal.signal(signal.SIGTERM, lambda *_: print('me', flush=True))"
    done = forked("return 0", before, "os.kill(os.getpid(), signal.SIGTERM)")
    assert (done.returncode, done.stdout) == (0, "me\n")


def test_what_goes_wrong_is_told(forked: Forked) -> None:
    done = forked("raise ValueError('no')")
    assert (done.returncode, done.stderr) == (FAILED, "ValueError: no\n")


def test_with_a_second_thread_nothing_is_forked() -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        assert not can_fork()
    finally:
        over.set()
        thread.join()
    assert os.listdir("/proc/self/task")


def test_what_was_begun_is_ended_elsewhere_when_nothing_can_be_forked(tmp_path: Path) -> None:
    script = f"""
import os
from pathlib import Path
from reenact.process.child import Spawn
from reenact.process.guard import Ending
from reenact.process.supervise import supervise
folder = Path({str(tmp_path)!r})
class Begun:
    def __init__(self, handed):
        (folder / "begun").write_bytes(handed)
    @property
    def descriptors(self):
        raise MemoryError
    def close(self):
        (folder / "closed").touch()
ending = Ending(("touch", str(folder / "ended")), os.environ)
mark = "REENACT_RUN_ID={os.urandom(8).hex()}"
spawn = Spawn(("false",), folder, os.environ, folder / "log", mark, ending=ending, handed=b"it", inline=Begun)
try:
    supervise(spawn)
except MemoryError:
    print(sorted(os.listdir(folder)), (folder / "begun").read_text())
"""
    done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True, check=True)
    assert done.stdout == "['begun', 'closed', 'ended'] it\n"
