"""What happens to a command when its runner is told to end, or is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.process.running import Runner, eventually, find_children, find_marked, running

FAMILY = (
    "sleep 100 & setsid sleep 100 & (setsid setsid bash -c 'sleep 100; true' &) & "
    "bash -c 'sleep 100; true' & sleep 0.3; echo ready; wait; sleep 100"
)
STUBBORN = "trap '' INT TERM HUP; setsid bash -c 'while :; do sleep 1; done' & echo ready; while :; do sleep 1; done"


def find_guard(runner: Runner) -> int:
    (guard,) = set(find_children(runner.process.pid)) & set(find_marked("REENACT_GUARD=1"))
    return guard


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_a_signal_to_the_runner_reaches_the_whole_group(tmp_path: Path, name: str) -> None:
    with running(tmp_path, f"trap 'echo caught {name}; exit 3' {name[3:]}\n{FAMILY}") as runner:
        runner.says(b"ready")
        runner.process.send_signal(signal.Signals[name])
        outcome = runner.wait()
        assert (outcome["code"], outcome["signal"], outcome["stopped"]) == (3, name, "signal")
        assert f"caught {name}".encode() in runner.logged()
        assert not find_marked(runner.mark)
        assert runner.process.returncode == 3


def test_what_ignores_the_signal_is_killed_after_the_grace_time(tmp_path: Path) -> None:
    with running(tmp_path, STUBBORN, grace=0.5) as runner:
        runner.says(b"ready")
        runner.process.terminate()
        outcome = runner.wait()
        assert (outcome["code"], outcome["signal"]) == (137, "SIGTERM")
        assert not find_marked(runner.mark)


def test_a_second_interrupt_kills_at_once(tmp_path: Path) -> None:
    with running(tmp_path, STUBBORN, grace=60) as runner:
        runner.says(b"ready")
        runner.process.send_signal(signal.SIGINT)
        time.sleep(0.3)  # A person needs some time between two presses; two at once count as one.
        assert runner.process.poll() is None
        before = time.monotonic()
        runner.process.send_signal(signal.SIGINT)
        outcome = runner.wait()
        assert time.monotonic() - before < 10
        assert (outcome["code"], outcome["signal"]) == (137, "SIGINT")
        assert not find_marked(runner.mark)


def test_a_stopped_command_can_be_ended(tmp_path: Path) -> None:
    with running(tmp_path, "echo ready; kill -STOP $$; sleep 100") as runner:
        runner.says(b"ready")
        runner.process.terminate()
        assert runner.wait()["signal"] == "SIGTERM"


@pytest.mark.parametrize("script", [FAMILY, STUBBORN], ids=["family", "stubborn"])
def test_nothing_survives_the_runner_s_sigkill(tmp_path: Path, script: str) -> None:
    with running(tmp_path, script) as runner:
        runner.says(b"ready")
        guards = [find_guard(runner)]
        runner.process.kill()
        assert runner.gone()
        assert eventually(lambda: not Path(f"/proc/{guards[0]}").exists())


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2])
def test_nothing_survives_a_sigkill_at_any_moment(tmp_path: Path, delay: float) -> None:
    with running(tmp_path, "setsid sleep 100 & sleep 100 & sleep 100") as runner:
        time.sleep(delay)
        runner.process.kill()
        runner.process.wait()
        assert runner.gone()


def test_the_guard_dies_and_the_runner_still_ends_the_group(tmp_path: Path) -> None:
    with running(tmp_path, FAMILY) as runner:
        runner.says(b"ready")
        os.kill(find_guard(runner), signal.SIGKILL)
        runner.process.terminate()
        assert runner.wait()["signal"] == "SIGTERM"
        assert not find_marked(runner.mark)


def test_the_guard_survives_an_interrupt_from_the_terminal_and_is_gone_in_the_end(tmp_path: Path) -> None:
    with running(tmp_path, "trap 'echo caught' INT\necho ready\nsleep 1 & wait; wait; echo over") as runner:
        runner.says(b"ready")
        guard = find_guard(runner)
        assert os.getsid(guard) == guard
        descriptors = {os.readlink(f"/proc/{guard}/fd/{fd}") for fd in (1, 2)}
        assert descriptors == {"/dev/null"}
        runner.wait()
        assert not Path(f"/proc/{guard}").exists()


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    """As under nohup(1)."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        context = running(tmp_path, "echo ready; sleep 0.5; echo over", streams=streams)
        runner = context.__enter__()
    finally:
        signal.signal(signal.SIGHUP, before)
    try:
        runner.says(b"ready")
        runner.process.send_signal(signal.SIGHUP)
        assert runner.wait()["stopped"] is None
        assert b"over" in runner.logged()
    finally:
        context.__exit__(None, None, None)
