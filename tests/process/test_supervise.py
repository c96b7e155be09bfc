"""A command under supervision, its streams pipes and files."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from reenact.process.child import NotStarted, Spawn
from reenact.process.guard import Ending
from reenact.process.supervise import TIMED_OUT, Outcome, supervise
from tests.process.running import eventually, find_marked, read_log, running

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="there are no such signals")


class Run:
    """A command supervised by this very process, its output in a file."""

    def __init__(self, folder: Path, script: str, **more: Any) -> None:
        self.log = folder / "log"
        mark = f"REENACT_RUN_ID={os.urandom(8).hex()}"
        self.mark = mark
        self.notes: list[str] = []
        name, _, value = mark.partition("=")
        null = os.open(os.devnull, os.O_RDWR)
        out, err = (os.open(folder / n, os.O_RDWR | os.O_CREAT | os.O_TRUNC) for n in ("out", "err"))
        spawn = Spawn(("bash", "-c", script), folder, {**os.environ, name: value}, self.log, mark)
        spawn = spawn._replace(streams=(null, out, err), **more)
        try:
            self.outcome: Outcome = supervise(spawn, note=self.notes.append)
        finally:
            for descriptor in (null, out, err):
                os.close(descriptor)
        self.out = (folder / "out").read_bytes()
        self.err = (folder / "err").read_bytes()

    def logged(self, stream: str) -> bytes:
        return b"".join(entry.printed for entry in read_log(self.log) if entry.stream == stream)


@pytest.mark.parametrize(
    ("script", "code", "signal"),
    [
        ("exit 0", 0, None),
        ("exit 7", 7, None),
        ("kill -9 $$", 137, "SIGKILL"),
        ("kill -SEGV $$", 139, "SIGSEGV"),
        pytest.param("kill -40 $$", 168, "SIGRTMIN+6", marks=LINUX),
    ],
)
def test_the_code_is_the_command_s_own(tmp_path: Path, script: str, code: int, signal: str | None) -> None:
    outcome = Run(tmp_path, script).outcome
    assert (outcome.code, outcome.signal, outcome.stopped) == (code, signal, None)


def test_output_is_shown_unchanged_and_logged_exactly(tmp_path: Path) -> None:
    data = os.urandom(300_000) + b"\r10%\r20%\n\n\nlast line without an end"
    (tmp_path / "data").write_bytes(data)
    run = Run(tmp_path, "cat data; cat data >&2")
    assert run.out == data == run.logged("stdout")
    assert run.err == data == run.logged("stderr")


def test_a_command_of_the_same_output_and_errors_keeps_their_order(tmp_path: Path) -> None:
    with running(
        tmp_path,
        "for i in $(seq 200); do echo out $i; echo err $i >&2; done",
        streams={"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT},
    ) as runner:
        shown, _ = runner.process.communicate()
        assert shown == b"".join(b"out %d\nerr %d\n" % (i, i) for i in range(1, 201))


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="command not found") as caught:
        Run(tmp_path, "", argv=("no-such-program",))
    assert caught.value.code == 127


def test_a_program_that_cannot_be_executed(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with pytest.raises(NotStarted) as caught:
        Run(tmp_path, "", argv=(str(tmp_path / "text"),))
    assert caught.value.code == 126


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="cannot be entered"):
        Run(tmp_path, "true", cwd=tmp_path / "gone")


def test_a_timeout_ends_all_of_it(tmp_path: Path) -> None:
    run = Run(tmp_path, "sleep 100 & setsid sleep 100 & sleep 100", timeout=0.3)
    assert (run.outcome.code, run.outcome.stopped, run.outcome.signal) == (TIMED_OUT, "timeout", "SIGTERM")
    assert not find_marked(run.mark)
    assert run.outcome.usage.wall < 5


def test_a_child_that_ignores_sigterm_is_killed_after_the_grace_time(tmp_path: Path) -> None:
    run = Run(tmp_path, "trap '' TERM; sleep 100 & while :; do sleep 1; done", timeout=0.2, grace=0.3)
    assert (run.outcome.code, run.outcome.signal) == (TIMED_OUT, "SIGKILL")
    assert not find_marked(run.mark)


@pytest.mark.parametrize(
    "leave",
    [
        "sleep 100 &",
        "setsid sleep 100 &",
        "(setsid sleep 100 &) &",
        "nohup setsid bash -c 'trap \"\" TERM HUP; sleep 100; sleep 100' > /dev/null 2>&1 &",
        f"{sys.executable} -c 'import os, time\nif os.fork(): os._exit(0)\nos.setsid()\n"
        "if os.fork(): os._exit(0)\ntime.sleep(100)'",
    ],
    ids=["group", "setsid", "double fork", "stubborn", "daemon"],
)
def test_what_a_command_leaves_behind_is_ended(tmp_path: Path, leave: str) -> None:
    run = Run(tmp_path, f"{leave}\nexit 5", grace=0.3)
    assert run.outcome.code == 5
    assert run.outcome.stopped is None
    assert run.outcome.left >= 1
    assert "left behind" in run.notes[0]
    assert not find_marked(run.mark)


def test_what_is_left_behind_may_finish_its_work(tmp_path: Path) -> None:
    run = Run(tmp_path, "echo hello > >(sleep 0.1; cat > copy; echo copied)")
    assert (tmp_path / "copy").read_text() == "hello\n"
    assert run.logged("stdout") == b"copied\n"
    assert run.outcome.left == 0


def test_a_run_inside_a_run_that_is_not_its_own_is_left_alone(tmp_path: Path) -> None:
    other = f"REENACT_RUN_ID={os.urandom(8).hex()}"
    run = Run(tmp_path, f"{other} setsid sleep 100 > /dev/null 2>&1 & sleep 0.2")
    pids = find_marked(other)
    for pid in pids:
        os.kill(pid, 9)
    assert run.outcome.left == 0
    assert len(pids) == 1


def test_a_log_that_cannot_be_written_does_not_stop_the_command(tmp_path: Path) -> None:
    with running(tmp_path, "yes | head -c 300000; echo done >&2", file_size=50_000) as runner:
        shown, _ = runner.process.communicate()
        outcome = runner.wait()
        assert len(shown) == 300_000
        assert outcome["code"] == 0
        assert [note for note in outcome["notes"] if "incomplete" in note] == outcome["notes"]
        assert len(outcome["notes"]) == 1
        assert (tmp_path / "log").read_bytes().endswith(b"y\n") or (tmp_path / "log").read_bytes() == b""


def test_a_log_whose_folder_is_gone_does_not_stop_the_command(tmp_path: Path) -> None:
    run = Run(tmp_path, "echo shown", log=tmp_path / "gone" / "log")
    assert run.out == b"shown\n"
    assert "incomplete" in run.notes[0]


def test_a_closed_reader_reaches_the_command_as_a_broken_pipe(tmp_path: Path) -> None:
    with running(tmp_path, "exec yes") as runner:
        assert runner.process.stdout is not None
        assert runner.process.stdout.read(4) == b"y\ny\n"
        runner.process.stdout.close()
        assert runner.wait()["signal"] == "SIGPIPE"


@pytest.mark.parametrize("script", ["exec yes", "trap '' PIPE; while echo y; do :; done; exit 1"])
def test_what_runs_elsewhere_is_ended_when_nobody_reads_it(tmp_path: Path, script: str) -> None:
    ending = Ending(("touch", str(tmp_path / "ended")), dict(os.environ))
    with running(tmp_path, script, ending=ending) as runner:
        assert runner.process.stdout is not None
        runner.process.stdout.read(4)
        runner.process.stdout.close()
        runner.wait()
        assert (tmp_path / "ended").exists()


def test_a_slow_reader_slows_the_command_and_does_not_hold_up_signals(tmp_path: Path) -> None:
    with running(tmp_path, "yes | head -c 100000000", timeout=0.5) as runner:
        assert eventually(lambda: (tmp_path / "log").exists())
        # Nobody reads, and yet the timeout comes; the reader that then comes gets what was read.
        assert eventually(lambda: not find_marked(runner.mark))
        assert (tmp_path / "log").stat().st_size < 60_000_000
        runner.process.communicate()
        assert runner.wait()["stopped"] == "timeout"


def test_standard_input_is_the_runner_s_own(tmp_path: Path) -> None:
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with running(tmp_path, "tr a-z A-Z", streams=streams) as runner:
        shown, _ = runner.process.communicate(b"hello")
        assert shown == b"HELLO"


def test_closed_standard_streams(tmp_path: Path) -> None:
    mark = "REENACT_RUN_ID=" + os.urandom(4).hex()
    code = (
        "import os,sys\nfrom pathlib import Path\n"
        "from reenact.process.child import Spawn\nfrom reenact.process.supervise import supervise\n"
        f"p=Path({str(tmp_path)!r})\nn,v={mark!r}.split('=')\n"
        f"o=supervise(Spawn(('bash','-c','cat; echo hi'),p,{{**os.environ,n:v}},p/'log',{mark!r}))\n"
        "(p/'code').write_text(str(o.code))\n"
    )
    subprocess.run(["bash", "-c", 'exec "$@" <&- >&- 2>&-', "x", sys.executable, "-c", code], check=True)
    assert (tmp_path / "code").read_text() == "0"
    assert b"".join(entry.printed for entry in read_log(tmp_path / "log")) == b"hi\n"


@pytest.mark.slow
def test_a_gigabyte_in_one_line_takes_no_memory(tmp_path: Path) -> None:
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with running(tmp_path, "head -c 1000000000 /dev/zero | tr '\\0' x", streams=streams) as runner:
        assert runner.process.stdout is not None
        digest, size = hashlib.sha1(), 0
        while data := os.read(runner.process.stdout.fileno(), 1 << 20):
            digest.update(data)
            size += len(data)
        assert size == 1_000_000_000
        assert runner.wait()["our_peak_kib"] < 40 * 1024
        logged, total = hashlib.sha1(), 0
        for entry in read_log(tmp_path / "log"):
            logged.update(entry.printed)
            total += len(entry.printed)
        assert (total, logged.digest()) == (size, digest.digest())
        (tmp_path / "log").unlink()


@pytest.mark.slow
def test_usage_counts_the_whole_group(tmp_path: Path) -> None:
    (tmp_path / "burn.py").write_text(
        "import pathlib, sys, time\nx = bytearray(60_000_000)\nend = time.process_time() + 0.2\n"
        "while time.process_time() < end: pass\npathlib.Path(sys.argv[1]).touch()\n"
        "while not (pathlib.Path('1').exists() and pathlib.Path('2').exists()): time.sleep(0.01)\ntime.sleep(2.5)\n"
    )
    usage = Run(tmp_path, f"{sys.executable} burn.py 1 & {sys.executable} burn.py 2 & wait").outcome.usage
    assert usage.cpu >= 0.4
    assert usage.peak_memory >= 120_000_000
    assert usage.wall >= 2.5


def test_usage_of_what_was_killed_is_counted(tmp_path: Path) -> None:
    script = f"{sys.executable} -c 'while True: pass' & wait"
    assert Run(tmp_path, script, timeout=1.0).outcome.usage.cpu >= 0.1


def test_our_own_memory_is_not_the_command_s(tmp_path: Path) -> None:
    ballast = bytearray(os.urandom(1000)) * 300_000
    usage = Run(tmp_path, "sleep 0.2").outcome.usage
    assert 0 < usage.peak_memory < len(ballast) / 2


def test_in_a_thread_everything_but_signals_works(tmp_path: Path) -> None:
    runs: list[Run] = []
    thread = threading.Thread(target=lambda: runs.append(Run(tmp_path, "echo hi; sleep 100", timeout=0.3)))
    thread.start()
    thread.join()
    assert runs[0].out == b"hi\n"
    assert runs[0].outcome.stopped == "timeout"


def test_nothing_is_left_open(tmp_path: Path) -> None:
    Run(tmp_path, "echo hi")
    before = set(os.listdir("/proc/self/fd"))
    for _ in range(5):
        Run(tmp_path, "echo hi; sleep 100 & exit 1", grace=0.1)
        with pytest.raises(NotStarted):
            Run(tmp_path, "", argv=("no-such-program",))
    assert len(os.listdir("/proc/self/fd")) == len(before)
