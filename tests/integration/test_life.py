"""A run's life as its user sees it: output, exit codes, runs in runs, detached runs, cancelling."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.command import PATIENCE, REENACT, User, write_project
from tests.process.running import eventually

PROJECT = """
name: life
entry_points:
  code: {parameters: {n: int}, command: "exit {n}"}
  signal: {parameters: {n: string}, command: "kill -{n} $$"}
  sleep: {command: "echo ready; sleep 100"}
  much: {command: "seq 1 300000"}
  nested: {command: "reenact run -q --env-manager system . -e code -P n=5; echo inner $?; echo $REENACT_RUN_ID"}
  python: {command: "python nested.py"}
  leave: {command: "reenact run -q --env-manager system -d . -e late; echo outer"}
  late: {command: "sleep 1; echo late"}
  where: {command: "pwd; echo $REENACT_RUN_DIR"}
"""
NESTED = """
import os, reenact
before = dict(os.environ)
inner = reenact.run('.', 'where', env_manager='local')
later = reenact.run('.', 'late', env_manager='local', synchronous=False)
assert later.wait() and dict(os.environ) == before
print(inner.get_status(), inner.run_id != os.environ['REENACT_RUN_ID'])
"""


@pytest.fixture
def project(user: User) -> Path:
    return write_project(user.folder / "life", PROJECT, nested__py=NESTED)


@pytest.mark.parametrize("code", [0, 1, 7, 126, 127, 255])
def test_the_exit_code_is_the_command_s(code: int, user: User, project: Path) -> None:
    assert user.run("-e", "code", "-P", f"n={code}", "life").code == code
    [run] = user.runs()
    assert (run["exit_code"], run["state"]) == (code, "failed" if code else "finished")


@pytest.mark.parametrize(("name", "number"), [("KILL", 9), ("TERM", 15), ("SEGV", 11)])
def test_a_signal_s_exit_code_is_the_shell_s(name: str, number: int, user: User, project: Path) -> None:
    assert user.run("-e", "signal", "-P", f"n={name}", "life").code == 128 + number
    [run] = user.runs()
    assert (run["exit_code"], run["state"]) == (128 + number, "killed")


def test_a_timeout_is_124(user: User, project: Path) -> None:
    said = user.call("run", "--env-manager", "system", "--timeout", "0.3s", "-e", "sleep", "life")
    assert (said.code, said.out) == (124, "ready\n")
    assert said.err.endswith("timed out after 0.3 s\n")
    assert user.is_alone()


def test_a_reader_who_has_seen_enough(user: User, project: Path) -> None:
    line = f"{REENACT} run -q --env-manager system -e much life | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], cwd=user.folder, env=user.environ, capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == "1"
    assert "Traceback" not in done.stderr
    for verb in ("logs", "ls", "show", "describe life"):
        line = f"{REENACT} {verb} | true; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", line], cwd=user.folder, env=user.environ, capture_output=True, text=True)
        assert done.stdout in ("0\n", "141\n"), verb
        assert done.stderr == "", verb


def test_a_run_in_a_run(user: User, project: Path) -> None:
    said = user.run("-e", "nested", "life")
    outer, inner = reversed(user.runs())
    assert said == (0, f"inner 5\n{outer['id']}\n", "")
    assert (inner["entry_point"], inner["exit_code"], outer["exit_code"]) == ("code", 5, 0)
    assert inner["id"] != outer["id"]


def test_a_run_in_a_run_from_python(user: User, project: Path) -> None:
    said = user.run("-e", "python", "life")
    runs = {run["entry_point"]: run for run in user.runs()}
    assert said == (0, f"{project}\n{runs['where']['folder']}\nFINISHED True\n", "")
    assert {run["state"] for run in runs.values()} == {"finished"}


def test_a_detached_run_outlives_the_run_that_started_it(user: User, project: Path) -> None:
    said = user.run("-e", "leave", "life")
    runs = {run["entry_point"]: run for run in user.runs()}
    assert said == (0, f"{runs['late']['id']}\nouter\n", "")
    assert eventually(lambda: {run["state"] for run in user.runs()} == {"finished"})
    assert user.call("logs", runs["late"]["id"]).out == "late\n"
    # Whoever carries a run out ends a moment after the run.
    assert user.is_alone()


def test_a_detached_run_outlives_its_terminal_and_is_watched(user: User, project: Path) -> None:
    line = f"{REENACT} run -q --env-manager system -d -e late life"
    done = subprocess.run(
        ["setsid", "--wait", "bash", "-c", line], cwd=user.folder, env=user.environ, capture_output=True
    )
    run_id = done.stdout.decode().strip()
    assert len(run_id) == 32
    assert user.call("logs", "-f", run_id[:8]) == (0, "late\n", "")
    assert user.runs()[0]["state"] == "finished"
    assert user.is_alone()


def test_a_running_run_is_watched_and_cancelled(user: User, project: Path) -> None:
    with user.starts("run", "-q", "--env-manager", "system", "-e", "sleep", "life") as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        with user.starts("logs", "-f") as watching:
            assert watching.stdout
            assert watching.stdout.readline() == b"ready\n"
            said = user.call("cancel", user.runs()[0]["id"][:6])
            assert said.code == 0, said
            assert process.wait(PATIENCE) == 143
            assert watching.wait(PATIENCE) == 0
    assert user.runs()[0]["state"] == "killed"
    assert user.is_alone()


def test_a_detached_run_is_cancelled(user: User, project: Path) -> None:
    run_id = user.run("-d", "-e", "sleep", "life").out.strip()
    assert eventually(lambda: user.call("logs", run_id).out == "ready\n")
    assert user.call("rm", run_id).code != 0, "a living run is not deleted"
    assert user.call("cancel", run_id).code == 0
    [run] = user.runs()
    assert (run["state"], run["exit_code"]) == ("killed", 143)
    assert user.is_alone()
    assert user.call("cancel", run_id).code == 0


def test_many_runs_at_once_are_all_recorded(user: User, project: Path) -> None:
    command = [REENACT, "run", "-q", "--env-manager", "system", "-e", "where", "life"]
    running = [
        subprocess.Popen(command, cwd=user.folder, env=user.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(8)
    ]
    said = [process.communicate(timeout=PATIENCE) for process in running]
    assert [(process.returncode, told[1]) for process, told in zip(running, said, strict=True)] == [(0, b"")] * 8
    folders = {told[0].decode().splitlines()[1] for told in said}
    assert {run["folder"] for run in user.runs()} == folders
    assert len(folders) == 8


def test_a_terminal_shows_the_output_and_a_pipe_gets_plain_lines(user: User) -> None:
    project = write_project(
        user.folder / "t", "name: t\nentry_points:\n  main: {command: 'test -t 1 && echo screen || echo pipe'}\n"
    )
    said = user.call("run", str(project))
    assert said.out == "pipe\n"
    assert "\x1b" not in said.err
    assert "\r" not in said.err
    code = (
        "import os, pty, sys\n"
        "shown = []\n"
        "def read(fd):\n    data = os.read(fd, 65536)\n    shown.append(data)\n    return data\n"
        f"status = pty.spawn([{REENACT!r}, 'run', '-q', '--env-manager', 'system', {str(project)!r}], read)\n"
        "sys.exit(0 if b'screen' in b''.join(shown) else 1)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=user.environ, stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == 0, done
