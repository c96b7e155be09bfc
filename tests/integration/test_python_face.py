"""``reenact.run`` from programs: every argument, from threads, beside what the program itself does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import pytest

import reenact
from tests.integration.command import User, write_project
from tests.process.running import eventually

MLFLOW = {
    "uri": Parameter.empty,
    "entry_point": "main",
    "version": None,
    "parameters": None,
    "docker_args": None,
    "experiment_name": None,
    "experiment_id": None,
    "backend": "local",
    "backend_config": None,
    "storage_dir": None,
    "synchronous": True,
    "run_id": None,
    "run_name": None,
    "env_manager": None,
    "build_image": False,
    "docker_auth": None,
}
"""The arguments of ``mlflow.projects.run`` (3.17) in their order, with their defaults."""

PROJECT = """
name: p
entry_points:
  main: {parameters: {n: {type: int, default: 3}}, command: "echo {n} > out{n}; env | grep ^MLFLOW > env{n}; true"}
  fail: {command: "exit 7"}
  sleep: {command: "echo ready; sleep 100"}
  tracked: {command: "env | grep ^MLFLOW | sort > tracked"}
"""


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """What belongs to the program is as it was, and nothing was warned of."""

    def look() -> object:
        variables = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        return variables, os.getcwd(), set(threading.enumerate())

    before = look()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    assert before == look()


@pytest.fixture
def project(project_dir: Path) -> Path:
    return write_project(project_dir, PROJECT)


def test_the_arguments_are_mlflow_s_in_name_place_and_default() -> None:
    ours = signature(reenact.run).parameters.values()
    taken = {each.name: each.default for each in ours if each.kind is Parameter.POSITIONAL_OR_KEYWORD}
    assert list(taken.items()) == list(MLFLOW.items())
    assert all(each.kind is Parameter.KEYWORD_ONLY for each in list(ours)[len(MLFLOW) :])


def test_the_package_offers_what_it_says() -> None:
    assert set(reenact.__all__) <= set(dir(reenact))
    for name in reenact.__all__:
        assert getattr(reenact, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        reenact.nothing  # noqa: B018


def test_every_argument_by_position_and_nothing_given_is_changed(project: Path, tmp_path: Path) -> None:
    parameters, config = {"n": 5}, {"key": {"deep": [1]}}
    run = reenact.run(
        project, "main", None, parameters, None, None, 0, "local", config, tmp_path / "s", True, "r" * 32, "name",
        "local", False, None,
    )  # fmt: skip
    assert (run.get_status(), run.wait(), len(run.run_id)) == ("FINISHED", True, 32)
    assert (project / "out5").read_text() == "5\n"
    told = dict(line.split("=", 1) for line in (project / "env5").read_text().splitlines())
    assert (told["MLFLOW_EXPERIMENT_ID"], told["MLFLOW_RUN_ID"]) == ("0", "r" * 32)
    assert (parameters, config) == ({"n": 5}, {"key": {"deep": [1]}})
    assert run.record.name == "name"


def test_every_argument_by_name(project: Path, tmp_path: Path) -> None:
    given: dict[str, Any] = {**MLFLOW, "uri": str(project), "parameters": {"n": "6"}, "env_manager": "local"}
    assert reenact.run(**given).get_status() == "FINISHED"
    assert (project / "out6").read_text() == "6\n"


def test_a_failure_is_raised_with_its_run(project: Path) -> None:
    with pytest.raises(reenact.RunFailed, match=r"^Run \(ID '[0-9a-f]{32}'\) failed with exit code 7$") as caught:
        reenact.run(project, "fail", env_manager="local")
    assert caught.value.code == 7
    assert caught.value.run_id in str(caught.value)


def test_a_timeout_is_raised(project: Path) -> None:
    with pytest.raises(reenact.RunFailed, match=r"failed with exit code 124: timed out after 0.2 s$") as caught:
        reenact.run(project, "sleep", env_manager="local", timeout=0.2)
    assert caught.value.code == 124


def test_not_waited_for(project: Path) -> None:
    run = reenact.run(project, parameters={"n": 8}, env_manager="local", synchronous=False)
    assert run.get_status() in ("RUNNING", "FINISHED")
    assert run.wait()
    assert run.get_status() == "FINISHED"
    run.cancel()
    assert run.get_status() == "FINISHED"
    failed = reenact.run(project, "fail", env_manager="local", synchronous=False)
    assert not failed.wait()
    assert failed.get_status() == "FAILED"


def test_not_waited_for_and_cancelled(project: Path) -> None:
    run = reenact.run(project, "sleep", env_manager="local", synchronous=False)
    assert run.get_status() == "RUNNING"
    run.cancel()
    assert (run.get_status(), run.wait(), run.record.exit_code) == ("KILLED", False, 143)


def test_from_many_threads_at_once(project: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda n: reenact.run(project, parameters={"n": n}, env_manager="local"), range(8)))
    assert {run.get_status() for run in runs} == {"FINISHED"}
    assert len({run.run_id for run in runs}) == 8
    for n in range(8):
        assert (project / f"out{n}").read_text() == f"{n}\n"


def test_a_run_in_a_thread_is_cancelled_from_another_process(project: Path, user: User) -> None:
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(reenact.run, project, "sleep", env_manager="local")
        assert eventually(lambda: [each["state"] for each in user.runs()] == ["running"])
        assert user.call("cancel", user.runs()[0]["id"]).code == 0
        with pytest.raises(reenact.RunFailed, match="was killed with exit code 143"):
            run.result()


def test_a_program_without_streams_or_terminal(project: Path, user: User) -> None:
    code = f"import reenact; print(reenact.run({str(project)!r}, env_manager='local').get_status(), flush=True)"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=user.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "FINISHED\n", "")


def test_an_interrupt_reaches_the_command_and_then_the_program(project: Path, user: User) -> None:
    code = (
        "import reenact\n"
        f"try:\n    reenact.run({str(project)!r}, 'sleep', env_manager='local')\n"
        "except reenact.RunFailed as problem:\n    print(problem.code, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env=user.environ, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(2)
    assert process.communicate(timeout=30)[0] == b"130\n"
    assert process.returncode == 0
    assert user.is_alone()


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"uri": None}, TypeError, "os.PathLike"),
        ({"entry_point": None}, TypeError, "entry_point must be a str, not NoneType"),
        ({"backend": None}, TypeError, "backend must be a str, not NoneType"),
        ({"parameters": [1]}, TypeError, "parameters must be a Mapping, not list"),
        ({"backend_config": 3}, TypeError, "backend_config must be a Mapping, not int"),
        ({"backend_config": "{"}, reenact.ReenactError, "the backend configuration is not JSON"),
        ({"backend_config": "no.json"}, reenact.ReenactError, r"cannot read the backend configuration no\.json"),
        ({"backend": "bogus"}, reenact.ReenactError, "Got unsupported execution mode 'bogus'"),
        ({"timeout": "3"}, reenact.ReenactError, "a timeout of '3' is none"),
        ({"timeout": -1}, reenact.ReenactError, "a timeout of -1 is none"),
        ({"timeout": float("nan")}, reenact.ReenactError, "a timeout of nan is none"),
        ({"env_manager": "bogus"}, reenact.ReenactError, "no environment manager 'bogus'"),
        ({"experiment_name": "a", "experiment_id": 1}, reenact.ReenactError, "Specify only one"),
        ({"parameters": {"n": "x"}}, reenact.ReenactError, "parameter 'n' does not fit"),
        ({"version": "main"}, reenact.ReenactError, "only supported for Git projects"),
        ({"entry_point": "mian"}, reenact.ReenactError, "could not find 'mian'"),
    ],
)
def test_mistakes_are_told_before_anything_exists(
    given: dict[str, Any], error: type[Exception], says: str, project: Path, user: User
) -> None:
    with pytest.raises(error, match=says):
        reenact.run(**{"uri": project, **given})
    assert user.runs() == []


def test_the_program_s_own_children_are_left_alone(project: Path) -> None:
    with subprocess.Popen(["sleep", "100"]) as mine:
        reenact.run(project, env_manager="local")
        assert mine.poll() is None
        mine.kill()
