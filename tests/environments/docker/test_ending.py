"""No container outlives its run, however the run ends."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reenact.environments.docker.engine import Engine
from reenact.home import Home
from tests.environments.docker.engines import list_containers, tell
from tests.environments.docker.waiting import wait_for

Start = Callable[..., "subprocess.Popen[str]"]
Write = Callable[..., Path]

STUBBORN = "trap '' INT TERM; touch $REENACT_RUN_DIR/ready; while :; do sleep 0.1; done"
POLITE = (
    'python -c "import os, signal, sys, time\n'
    "def end(*_):\n"
    "    time.sleep(0.5)\n"
    "    sys.exit(print('ended well', flush=True))\n"
    "signal.signal(signal.SIGTERM, end)\n"
    "open(os.environ['REENACT_RUN_DIR'] + '/ready', 'w')\n"
    'time.sleep(100)"; echo after'
)


def wait_until_ready(home: Home) -> Path:
    wait_for(lambda: list(home.runs.glob("*/ready")))
    (ready,) = home.runs.glob("*/ready")
    return ready.parent


@pytest.mark.parametrize("command", [STUBBORN, POLITE])
def test_kill_9_of_the_runner(write_project: Write, start: Start, home: Home, engine: Engine, command: str) -> None:
    write_project(command)
    child = start("-q")
    run = wait_until_ready(home)
    assert list_containers(engine, run.name) == [run.name]
    child.kill()
    wait_for(lambda: list_containers(engine, run.name) == [])


def test_kill_9_before_the_container_exists(write_project: Write, start: Start, home: Home, engine: Engine) -> None:
    write_project("sleep 100")
    for _ in range(3):
        child = start("-q")
        wait_for(lambda: [run for run in home.runs.glob("*/log") if is_starting(run.parent.name)])
        child.kill()
    runs = {path.name for path in home.runs.iterdir()}
    wait_for(lambda: not any(is_starting(run) for run in runs))
    wait_for(lambda: not runs.intersection(list_containers(engine)))


def is_starting(run_id: str) -> bool:
    """Whether the engine's client or a guard of that run is alive; the guard is there first, and names the run."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if run_id.encode() in arguments:
            return True
    return False


def test_a_program_whose_reader_has_gone_is_asked_to_end(
    write_project: Write, start: Start, home: Home, engine: Engine
) -> None:
    """As all that a command leaves behind: it has its time of grace."""
    if engine.name != "docker":
        pytest.skip("the engine's first process tells the shell alone")
    ending = "trap 'touch $REENACT_RUN_DIR/ended; exit' TERM"
    write_project(f"{ending}; touch $REENACT_RUN_DIR/ready; while :; do echo more; sleep 0.1; done")
    child = start("-q")
    run = wait_until_ready(home)
    assert child.stdout
    child.stdout.close()
    child.wait(20)
    assert (run / "ended").exists()
    assert child.stderr
    assert "left behind" not in child.stderr.read()
    assert "left behind" not in (run / "result.json").read_text()
    assert list_containers(engine, run.name) == []


def test_sigterm_reaches_the_program_inside(write_project: Write, start: Start, home: Home, engine: Engine) -> None:
    if engine.name != "docker":
        pytest.skip("the engine's first process tells the shell alone")
    write_project(POLITE)
    child = start("-q")
    run = wait_until_ready(home)
    child.terminate()
    assert child.communicate() == ("ended well\n", "")
    assert list_containers(engine, run.name) == []
    assert json.loads((run / "result.json").read_text())["state"] == "killed"


def test_ctrl_c_twice_ends_what_does_not_listen(write_project: Write, start: Start, home: Home, engine: Engine) -> None:
    write_project(STUBBORN)
    child = start("-q")
    run = wait_until_ready(home)
    child.send_signal(signal.SIGINT)
    wait_for(lambda: list_containers(engine, run.name) == [run.name])
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.5)
    child.send_signal(signal.SIGINT)
    child.wait(20)
    assert list_containers(engine, run.name) == []


@pytest.fixture
def type_at(start: Start) -> Iterator[Callable[..., tuple[Callable[[bytes], None], subprocess.Popen[str]]]]:
    """Starts a run on a terminal; gives what types there, and the run."""
    masters = []

    def begin(*options: str) -> tuple[Callable[[bytes], None], subprocess.Popen[str]]:
        master, slave = pty.openpty()
        masters.append(master)
        child = start(*options, stdin=slave, stdout=slave, stderr=slave, preexec_fn=lambda: os.login_tty(0))
        os.close(slave)

        def write(typed: bytes) -> None:
            os.write(master, typed)

        return write, child

    yield begin
    for master in masters:
        os.close(master)


def read_state(run: Path) -> str:
    return str(json.loads((run / "result.json").read_text())["state"])


def test_ctrl_c_on_a_terminal(write_project: Write, type_at: Callable[..., Any], home: Home, engine: Engine) -> None:
    write_project("touch $REENACT_RUN_DIR/ready; sleep 100")
    write, child = type_at("-q")
    run = wait_until_ready(home)
    write(b"\x03")
    assert child.wait(20) == 130
    assert read_state(run) == "killed"
    shutil.rmtree(run)
    write_project(STUBBORN)
    write, child = type_at("-q")
    run = wait_until_ready(home)
    write(b"\x03")
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.5)
    write(b"\x03")
    assert child.wait(20) == 137
    assert list_containers(engine, run.name) == []


def test_a_program_that_reads_keys_gets_an_interrupt_as_a_key(
    write_project: Write, type_at: Callable[..., Any], home: Home
) -> None:
    write_project(
        'python -c \'import os, tty; tty.setraw(0); open(os.environ["REENACT_RUN_DIR"] + "/ready", "w");'
        "assert os.read(0, 10) == bytes([3])'"
    )
    write, child = type_at("-q")
    run = wait_until_ready(home)
    write(b"\x03")
    assert child.wait(20) == 0
    assert read_state(run) == "finished"


def test_a_timeout(write_project: Write, start: Start, home: Home, engine: Engine) -> None:
    write_project("echo begun; sleep 100")
    child = start("--timeout", "2s")
    _, errors = child.communicate()
    assert child.returncode == 124, errors
    assert "timed out after 2 s" in errors
    assert list_containers(engine, next(home.runs.iterdir()).name) == []


def test_cancelling_a_detached_run(
    write_project: Write, start: Start, environ: dict[str, str], home: Home, engine: Engine
) -> None:
    write_project("touch $REENACT_RUN_DIR/ready; sleep 100")
    child = start("--detach")
    run_id = child.communicate()[0].strip()
    wait_until_ready(home)
    subprocess.run([sys.executable, "-m", "reenact", "cancel", run_id], env=environ, check=True, capture_output=True)
    assert list_containers(engine, run_id) == []


def test_the_client_killed(write_project: Write, start: Start, home: Home, engine: Engine) -> None:
    """Whoever kills the engine's client has not ended the container: we do."""
    write_project("touch $REENACT_RUN_DIR/ready; sleep 100")
    child = start("-q")
    run = wait_until_ready(home)
    (client,) = find_clients(child.pid)
    os.kill(client, signal.SIGKILL)
    assert child.wait(30) == 137
    assert child.stderr
    assert "left behind" not in child.stderr.read()
    assert list_containers(engine, run.name) == []


def find_clients(runner: int) -> list[int]:
    """The processes that the runner has started, but for its guard."""
    children = [int(word) for word in Path(f"/proc/{runner}/task/{runner}/children").read_text().split()]
    return [pid for pid in children if b"reenact-guard" not in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_name_of_the_callers_own(write_project: Write, start: Start, home: Home, engine: Engine) -> None:
    write_project(STUBBORN)
    name = f"reenact-test-{os.getpid()}"
    child = start("-q", "-A", f"name={name}")
    run = wait_until_ready(home)
    assert list_containers(engine, run.name) == [name]
    child.kill()
    wait_for(lambda: tell(engine, "ps", "--all", "--quiet", "--filter", f"name={name}") == "")
