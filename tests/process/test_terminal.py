"""A terminal stays a terminal: runners driven by somebody at a pseudo-terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.process.running import Runner, Screen, eventually, find_marked, running


@pytest.fixture
def screen() -> Iterator[Screen]:
    it = Screen()
    termios.tcsetwinsize(it.slave, (33, 111))
    yield it
    it.close()


def at(screen: Screen) -> dict[str, Any]:
    """All three streams at the terminal, which is the runner's own."""
    return {"stdin": screen.slave, "stdout": screen.slave, "stderr": screen.slave, "start_new_session": True}


def python(code: str) -> str:
    return f"exec {sys.executable} -c '{code}'"


def is_raw(screen: Screen) -> bool:
    return not termios.tcgetattr(screen.slave)[3] & (termios.ICANON | termios.ECHO)


def watch(tmp_path: Path, screen: Screen, script: str, **more: Any) -> Any:
    return running(tmp_path, script, streams=at(screen), terminal_of_its_own=True, **more)


def finish(screen: Screen, runner: Runner) -> Any:
    def over() -> bool:
        screen.read()
        return runner.process.poll() is not None

    assert eventually(over)
    screen.read()
    return runner.outcome()


def test_the_command_has_a_terminal_of_the_same_size(tmp_path: Path, screen: Screen) -> None:
    code = "import os; print([os.isatty(i) for i in range(3)], *os.get_terminal_size(), os.ttyname(0) == os.ttyname(1))"
    with watch(tmp_path, screen, python(code)) as runner:
        finish(screen, runner)
        assert b"[True, True, True] 111 33 True\r\n" in screen.shown
        assert runner.logged() == b"[True, True, True] 111 33 True\n"


def test_what_is_shown_is_unchanged_and_the_log_has_clean_lines(tmp_path: Path, screen: Screen) -> None:
    with watch(tmp_path, screen, r"printf '\033[31mred\033[0m\n10%%\r20%%\rdos\r\n'") as runner:
        finish(screen, runner)
        assert screen.shown == b"\033[31mred\033[0m\r\n10%\r20%\rdos\r\r\n"
        assert runner.logged() == b"\033[31mred\033[0m\n10%\r20%\rdos\r\n"


def test_a_secret_is_shown_as_it_is_and_not_logged(tmp_path: Path, screen: Screen) -> None:
    script = r"printf 'a hush-5up'; sleep 0.1; printf '3r-hush b\n'; printf 'aHVzaC01dXAz\nci1odXNo\n'; printf 'hush-5'"
    with watch(tmp_path, screen, script, secrets=("hush-5up3r-hush",)) as runner:
        finish(screen, runner)
        assert screen.shown == b"a hush-5up3r-hush b\r\naHVzaC01dXAz\r\nci1odXNo\r\nhush-5"
        assert runner.logged() == b"a *** b\n***\nhush-5"


def test_what_is_typed_reaches_the_command_and_is_echoed_once(tmp_path: Path, screen: Screen) -> None:
    with watch(tmp_path, screen, "echo name?; read name; echo hello $name") as runner:
        screen.shows(b"name?")
        screen.types(b"Ada\r")
        screen.shows(b"hello Ada")
        finish(screen, runner)
        assert screen.shown.count(b"Ada") == 2


def test_the_end_of_input(tmp_path: Path, screen: Screen) -> None:
    with watch(tmp_path, screen, "echo ready; cat; echo over") as runner:
        screen.shows(b"ready")
        screen.types(b"line\r\x04")
        screen.shows(b"over")
        assert finish(screen, runner)["code"] == 0


def test_a_password_is_read_from_the_terminal_and_not_shown(tmp_path: Path, screen: Screen) -> None:
    code = 'import getpass; print(len(getpass.getpass("secret: ")))'
    with watch(tmp_path, screen, python(code)) as runner:
        screen.shows(b"secret: ")
        screen.types(b"hunter2\r")
        screen.shows(b"7\r\n")
        finish(screen, runner)
        assert b"hunter2" not in screen.shown
        assert b"hunter2" not in runner.logged()


def test_our_terminal_is_put_back(tmp_path: Path, screen: Screen) -> None:
    before = termios.tcgetattr(screen.slave)
    with watch(tmp_path, screen, "echo ready; read x; exit 4") as runner:
        screen.shows(b"ready")
        assert is_raw(screen)
        screen.types(b"\r")
        assert finish(screen, runner)["code"] == 4
    assert termios.tcgetattr(screen.slave) == before


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_our_terminal_is_put_back_after_a_signal(tmp_path: Path, screen: Screen, name: str) -> None:
    before = termios.tcgetattr(screen.slave)
    with watch(tmp_path, screen, "echo ready; sleep 100") as runner:
        screen.shows(b"ready")
        runner.process.send_signal(signal.Signals[name])
        assert finish(screen, runner)["signal"] == name
    assert termios.tcgetattr(screen.slave) == before


def test_an_interrupt_reaches_the_group_once(tmp_path: Path, screen: Screen) -> None:
    code = (
        "import signal, time\nn = []\nsignal.signal(signal.SIGINT, lambda *a: n.append(1))\n"
        'print("ready", flush=True)\nwhile not n: time.sleep(0.01)\ntime.sleep(0.5)\nprint("times", len(n))'
    )
    with watch(tmp_path, screen, python(code)) as runner:
        screen.shows(b"ready")
        screen.types(b"\x03")
        outcome = finish(screen, runner)
        assert b"times 1\r\n" in screen.shown
        assert (outcome["code"], outcome["signal"], outcome["stopped"]) == (0, "SIGINT", "signal")


def test_a_second_interrupt_ends_what_ignores_the_first(tmp_path: Path, screen: Screen) -> None:
    with watch(tmp_path, screen, "trap '' INT; echo ready; sleep 100; sleep 100", grace=60) as runner:
        screen.shows(b"ready")
        screen.types(b"\x03")
        screen.shows(b"^C")
        import time

        time.sleep(0.3)  # The time between two presses.
        screen.types(b"\x03")
        outcome = finish(screen, runner)
        assert (outcome["code"], outcome["signal"]) == (137, "SIGINT")
        assert not find_marked(runner.mark)


def test_a_program_that_reads_keys_gets_an_interrupt_as_a_key(tmp_path: Path, screen: Screen) -> None:
    code = 'import os, sys, tty; tty.setraw(0); print("ready", flush=True); key = os.read(0, 1); print(key)'
    with watch(tmp_path, screen, python(code)) as runner:
        screen.shows(b"ready")
        screen.types(b"\x03")
        outcome = finish(screen, runner)
        assert b"\\x03" in screen.shown
        assert outcome["stopped"] is None


def test_a_new_size_is_handed_on(tmp_path: Path, screen: Screen) -> None:
    code = (
        # Blocked, so that one that comes before it is waited for is not lost.
        "import os, signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])\n"
        'print("ready", flush=True)\nsignal.sigwait([signal.SIGWINCH])\nprint(os.get_terminal_size().columns)'
    )
    with watch(tmp_path, screen, python(code)) as runner:
        screen.shows(b"ready")
        termios.tcsetwinsize(screen.slave, (20, 77))
        screen.shows(b"77\r\n")
        finish(screen, runner)


def test_only_the_streams_that_are_a_terminal_become_one(tmp_path: Path, screen: Screen) -> None:
    streams = {**at(screen), "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    code = "import os, sys; print([os.isatty(i) for i in range(3)]); sys.stderr.write(chr(10))"
    with running(tmp_path, python(code), streams=streams, terminal_of_its_own=True) as runner:
        finish(screen, runner)
        assert runner.logged() == b"[False, False, True]\n"
        assert runner.logged("stderr") == b"\n"
        assert screen.shown == b"\r\n"


def test_where_another_program_shares_the_terminal_ours_is_left_as_it_is(tmp_path: Path, screen: Screen) -> None:
    streams = {**at(screen), "stdout": subprocess.PIPE}
    before = termios.tcgetattr(screen.slave)
    with running(tmp_path, "echo ready >&2; read x; echo got $x", streams=streams, terminal_of_its_own=True) as runner:
        screen.shows(b"ready")
        assert termios.tcgetattr(screen.slave) == before
        screen.types(b"line\r")
        finish(screen, runner)
        assert runner.logged() == b"got line\n"


def test_a_password_is_not_shown_there_either(tmp_path: Path, screen: Screen) -> None:
    streams = {**at(screen), "stdout": subprocess.PIPE}
    before = termios.tcgetattr(screen.slave)
    code = 'import getpass; print(len(getpass.getpass("secret: ")))'
    with running(tmp_path, python(code), streams=streams, terminal_of_its_own=True) as runner:
        screen.shows(b"secret: ")
        assert eventually(lambda: not termios.tcgetattr(screen.slave)[3] & termios.ECHO)
        screen.types(b"hunter2\r")
        finish(screen, runner)
        assert runner.logged() == b"7\n"
        assert b"hunter2" not in screen.shown
    assert termios.tcgetattr(screen.slave) == before


def test_a_job_in_the_background_leaves_the_terminal_alone(tmp_path: Path, screen: Screen) -> None:
    before = termios.tcgetattr(screen.slave)
    streams = at(screen) | {"start_new_session": False}
    with running(tmp_path, "echo ready; sleep 0.3; echo over", streams=streams) as runner:
        screen.shows(b"ready")
        assert termios.tcgetattr(screen.slave) == before
        finish(screen, runner)
        assert b"over" in screen.shown


def test_ctrl_z_suspends_and_fg_goes_on(tmp_path: Path, screen: Screen) -> None:
    """With a real interactive shell between the terminal and the runner."""
    root = Path(__file__).parents[2]
    script = "echo read''y; read x; echo got $x"
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=screen.slave,
        stdout=screen.slave,
        stderr=screen.slave,
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
        env={**os.environ, "PS1": "> ", "PYTHONPATH": str(root)},
        cwd=root,
    )
    try:
        mark = f"REENACT_RUN_ID={os.urandom(6).hex()}"
        import json

        (tmp_path / "config.json").write_text(json.dumps({"argv": ["bash", "-c", script], "mark": mark}))
        screen.shows(b"> ")
        screen.types(f"{sys.executable} -m tests.process.runner {tmp_path}\r".encode())
        screen.shows(b"ready")
        screen.types(b"\x1a")
        screen.shows(b"Stopped")
        pids = find_marked(mark)
        assert all(Path("/proc", str(p), "stat").read_text().rpartition(")")[2].split()[0] == "T" for p in pids)
        screen.types(b"echo still he''re\r")
        screen.shows(b"still here")
        screen.types(b"fg\r")
        assert eventually(lambda: is_raw(screen))
        screen.types(b"Ada\r")
        screen.shows(b"got Ada")
        # What is typed before the shell has its terminal back belongs to the command.
        screen.ends(b"> ")
        screen.types(b"echo bye''bye; exit\r")
        screen.shows(b"byebye")
    finally:
        shell.kill()
        shell.wait()
        for pid in find_marked(mark):
            os.kill(pid, signal.SIGKILL)
