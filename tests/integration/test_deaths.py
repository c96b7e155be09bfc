"""The runner is killed at every step: what it leaves is told as it is, and no later run takes it for finished."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from tests.integration.command import PATIENCE, User, write_project
from tests.integration.servers import Index, Served
from tests.process.running import eventually
from tests.sources.repositories import commit, git

SCRIPT = "import needy, tiny\nprint('uses', tiny.version, needy.version)\n"


@pytest.fixture
def needy(user: User, index: Index) -> Path:
    """A project whose packages come from the index, with a cache of uv's own."""
    user.environ["UV_CACHE_DIR"] = str(user.folder / "uv-cache")
    return write_project(
        user.folder / "needy",
        "name: needy\npython_env: python_env.yaml\nentry_points:\n  main: {command: python main.py}\n",
        python_env__yaml=f"dependencies:\n  - --index-url {index.url}\n  - needy\n",
        main__py=SCRIPT,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(PATIENCE)


@pytest.mark.parametrize("step", ["needy", "needy-1.0", "tiny-1.0"])
def test_killed_while_resolving_or_installing(step: str, user: User, needy: Path, index: Index) -> None:
    index.stalls = f"/simple/{step}/" if step == "needy" else step
    with user.starts("run", str(needy)) as process:
        assert index.reached.wait(PATIENCE), process
        [run] = user.runs()
        assert run["state"] == "preparing"
        kill(process)
    assert user.is_alone()
    assert [run["state"] for run in user.runs()] == ["lost"]
    shown = user.call("show")
    assert shown.code == 0
    assert "lost" in shown.out
    index.stalls = "nothing"
    index.gate.set()
    said = user.call("run", "-q", str(needy))
    assert said == (0, "uses 1.0 1.0\n", ""), said
    assert [run["state"] for run in user.runs()] == ["finished", "lost"]
    left = [path for path in (user.home / "environments").glob(".*") if path.suffix != ".lock"]
    assert not left, "nothing half-made is left"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_while_preparing(number: signal.Signals, user: User, needy: Path, index: Index) -> None:
    index.stalls = "needy-1.0"
    with user.starts("run", str(needy)) as process:
        assert index.reached.wait(PATIENCE)
        process.send_signal(number)
        _, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == 128 + number, told
        assert b"Traceback" not in told
    assert user.is_alone()
    [run] = user.runs()
    assert (run["state"], run["reason"]) == ("killed", "stopped while preparing")


def test_two_first_runs_at_once_make_one_environment(user: User, needy: Path, index: Index) -> None:
    index.stalls = "needy-1.0"
    with user.starts("run", str(needy)) as one:
        assert index.reached.wait(PATIENCE)
        with user.starts("run", str(needy)) as other:
            assert eventually(lambda: len(user.runs("--state", "preparing")) == 2)
            index.gate.set()
            for process in (one, other):
                out, told = process.communicate(timeout=PATIENCE)
                assert (process.returncode, out) == (0, b"uses 1.0 1.0\n"), told
    made = [path for path in (user.home / "environments").iterdir() if path.is_dir()]
    assert len(made) == 1, made


def test_the_second_run_goes_on_when_the_first_is_killed(user: User, needy: Path, index: Index) -> None:
    index.stalls = "needy-1.0"
    with user.starts("run", str(needy)) as one:
        assert index.reached.wait(PATIENCE)
        with user.starts("run", str(needy)) as other:
            assert eventually(lambda: len(user.runs("--state", "preparing")) == 2)
            kill(one)
            index.gate.set()
            out, told = other.communicate(timeout=PATIENCE)
            assert (other.returncode, out) == (0, b"uses 1.0 1.0\n"), told
    assert [run["state"] for run in user.runs()] == ["finished", "lost"]


def test_killed_while_fetching(user: User, http: Served, work: Path) -> None:
    commit(work, {"MLproject": "name: g\nentry_points:\n  main: {command: git rev-parse HEAD}\n"})
    git(work, "push", "--quiet", "../served/sample.git", "main")
    uri = f"{http.url}/sample.git"
    http.gate.clear()
    with user.starts("run", "--env-manager", "system", uri) as process:
        assert eventually(lambda: any("upload-pack" in each and "POST" in each for each in http.requests))
        assert user.runs() == []
        kill(process)
    assert user.is_alone()
    assert user.runs() == []
    http.gate.set()
    assert user.run(uri) == (0, git(work, "rev-parse", "main") + "\n", "")
    assert user.call("reindex").code == 0
    assert not list((user.home / "staging").iterdir()), "what was left is swept"
    assert [run["state"] for run in user.runs()] == ["finished"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_while_fetching(number: signal.Signals, user: User, http: Served) -> None:
    http.gate.clear()
    with user.starts("run", f"{http.url}/sample.git") as process:
        assert eventually(lambda: any("upload-pack" in each and "POST" in each for each in http.requests))
        process.send_signal(number)
        out, told = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out) == (128 + number, b"")
        assert told.decode().splitlines()[-1] == f"error: stopped by {number.name} before there was a run"
    assert user.is_alone()
    assert not list((user.home / "staging").iterdir())


SLEEPER = "name: s\nentry_points:\n  main: {command: 'sleep 100 & setsid sleep 100 & echo ready; wait'}\n"


@pytest.fixture
def sleeper(user: User) -> Path:
    return write_project(user.folder / "s", SLEEPER)


def test_killed_while_running(user: User, sleeper: Path) -> None:
    with user.starts("run", "--env-manager", "system", str(sleeper)) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        [run] = user.runs()
        assert (run["state"], run["exit_code"]) == ("running", None)
        kill(process)
    assert user.is_alone(), "grandchildren, too, have ended"
    [run] = user.runs()
    assert (run["state"], run["exit_code"]) == ("lost", None)
    assert run["reason"]
    assert user.call("logs").out == "ready\n"
    assert user.call("cancel", run["id"]).code == 0
    assert user.call("rm", run["id"]).code == 0
    assert user.runs() == []


QUICK = "name: q\nentry_points:\n  main: {command: 'echo over'}\n"


@pytest.mark.slow
def test_killed_at_any_moment(user: User) -> None:
    project = write_project(user.folder / "q", QUICK)
    user.run(str(project))
    for step in range(24):
        with user.starts("run", "--env-manager", "system", str(project)) as process:
            threading.Event().wait(0.02 * step)
            kill(process)
    assert user.is_alone()
    runs = user.runs()
    assert {run["state"] for run in runs} <= {"finished", "lost"}
    for run in runs:
        result = Path(run["folder"], "result.json")
        assert result.exists(), run
        assert user.call("show", run["id"]).code == 0 if run is runs[0] else True
    assert user.call("reindex").code == 0
    assert user.runs() == runs
    assert not list((user.home / "staging").iterdir())
    assert user.run(str(project)) == (0, "over\n", "")


@pytest.mark.parametrize(
    ("number", "state"), [(signal.SIGINT, "killed"), (signal.SIGTERM, "killed"), (signal.SIGHUP, "killed")]
)
def test_stopped_while_running(number: signal.Signals, state: str, user: User, sleeper: Path) -> None:
    with user.starts("run", "--env-manager", "system", str(sleeper)) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        os.kill(process.pid, number)
        _, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == 128 + number, told
    assert user.is_alone()
    [run] = user.runs()
    assert (run["state"], run["exit_code"]) == (state, 128 + number)
