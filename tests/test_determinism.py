"""Which variables ``--deterministic`` sets, over whose values, and that real programs repeat with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact import api
from reenact.determinism import EARLIEST, LIMITS, SETTINGS, XLA_FLAG, add_xla_flag, make_deterministic, render_limits
from reenact.home import Home
from reenact.machine import VARIABLES
from reenact.plan import CondaSpec, Determinism, DockerSpec, Plan
from reenact.project.types import DockerEnvironment
from reenact.records.files import read_record
from tests.recorded import make_plan, make_world
from tests.sources.repositories import git


def variables(plan: Plan) -> dict[str, str]:
    return dict(plan.command.environment)


def test_every_variable_is_set_and_recorded() -> None:
    plan = make_deterministic(make_plan(), {}, None)
    assert variables(plan) == {s.name: s.value for s in SETTINGS}
    assert plan.determinism == Determinism(tuple(s.name for s in SETTINGS), (), LIMITS)
    assert plan.notes == ()
    assert plan.key != make_plan().key
    assert {s.name for s in SETTINGS} <= set(VARIABLES), "what is set is also what is recorded of every run"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: str(setting.name))
def test_a_value_that_is_ours_is_kept_and_none_is_empty(setting: object) -> None:
    plan = make_deterministic(make_plan(), {setting.name: setting.value}, None)  # type: ignore[attr-defined]
    assert plan.determinism is not None
    assert plan.determinism.kept == (setting.name,)  # type: ignore[attr-defined]
    assert plan.notes == ()


def test_a_value_that_repeats_is_kept() -> None:
    plan = make_deterministic(
        make_plan(), {"PYTHONHASHSEED": "7", "CUBLAS_WORKSPACE_CONFIG": ":16:8", "MKL_CBWR": "AVX2"}, None
    )
    assert variables(plan)["PYTHONHASHSEED"] == "7"
    assert variables(plan)["MKL_CBWR"] == "AVX2"
    assert plan.determinism is not None
    assert plan.determinism.kept == ("PYTHONHASHSEED", "MKL_CBWR", "CUBLAS_WORKSPACE_CONFIG")


@pytest.mark.parametrize(
    ("name", "value"),
    [("PYTHONHASHSEED", "random"), ("OMP_NUM_THREADS", "4"), ("MKL_CBWR", "OFF"), ("TF_DETERMINISTIC_OPS", "0")],
)
def test_a_value_that_does_not_repeat_is_replaced_and_that_is_told(name: str, value: str) -> None:
    plan = make_deterministic(make_plan(), {name: value}, None)
    assert variables(plan)[name] == next(s.value for s in SETTINGS if s.name == name)
    (note,) = plan.notes
    assert note.code == "not-deterministic"
    assert f"sets {name} to" in note.message and f"in place of {value}: " in note.message


def test_the_author_s_values_count_as_the_command_sees_them() -> None:
    conda = make_plan()._replace(environment=CondaSpec(variables={"PYTHONHASHSEED": "5", "OMP_NUM_THREADS": "8"}))
    plan = make_deterministic(conda, {"PYTHONHASHSEED": "6"}, None)
    assert variables(plan)["PYTHONHASHSEED"] == "5"
    assert [note.message.split()[2] for note in plan.notes] == ["OMP_NUM_THREADS"]
    container = DockerEnvironment("x", environment=("PYTHONHASHSEED", ("XLA_FLAGS", "--a")))
    docker = make_plan()._replace(environment=DockerSpec(container=container))
    plan = make_deterministic(docker, {"PYTHONHASHSEED": "6", "OMP_NUM_THREADS": "4"}, None)
    assert variables(plan)["PYTHONHASHSEED"] == "6"
    assert variables(plan)["XLA_FLAGS"] == f"--a {XLA_FLAG}"
    assert plan.notes == (), "the caller's variables are not in the container"


def test_what_the_caller_gives_to_the_engine_stands_over_it() -> None:
    spec = DockerSpec(arguments=(("e", "OMP_NUM_THREADS=4"), ("env", "PYTHONHASHSEED=0"), ("memory", "1g")))
    plan = make_deterministic(make_plan()._replace(environment=spec), {}, None)
    assert [note.message for note in plan.notes] == [
        "--docker-args sets OMP_NUM_THREADS to 4, over what --deterministic asks for: 1"
    ]


def test_the_date_is_the_commit_s() -> None:
    assert variables(make_deterministic(make_plan(), {}, 1234567890.0))["SOURCE_DATE_EPOCH"] == "1234567890"
    assert variables(make_deterministic(make_plan(), {}, None))["SOURCE_DATE_EPOCH"] == str(EARLIEST)


@given(st.lists(st.sampled_from(["--a=1", XLA_FLAG, "--xla_gpu_deterministic_ops=false", ""])).map(" ".join))
def test_the_flag_comes_last_and_once_at_the_end(flags: str) -> None:
    added = add_xla_flag(flags)
    assert added.split()[-1] == XLA_FLAG
    assert added.startswith(flags.strip())
    assert add_xla_flag(added) == added


def test_flags_in_a_file_stay_there() -> None:
    plan = make_deterministic(make_plan(), {"XLA_FLAGS": "/etc/flags"}, None)
    assert variables(plan)["XLA_FLAGS"] == "/etc/flags"
    assert [note.message for note in plan.notes] == [f"XLA_FLAGS names a file, /etc/flags: write {XLA_FLAG} into it"]


def test_what_is_told() -> None:
    plan = make_deterministic(make_plan(), {}, None)
    assert plan.determinism is not None
    assert render_limits(plan.determinism).splitlines() == [
        f"deterministic: {len(SETTINGS)} variables are set (reenact show lists them); not promised are",
        "  random numbers that the program draws without a seed",
        "  threads and processes of the program's own, and the order in which they end",
        "  what it reads of the clock, the network, unsorted folders and the machine's name",
        "  operations of a GPU that have no deterministic form (in PyTorch, torch.use_deterministic_algorithms(True) "
        "refuses them), and several GPUs together",
        "  another processor, GPU, driver or version of a library",
    ]


def test_every_run_records_the_variables_that_decide(project_dir: Path, home: Home) -> None:
    (project_dir / "MLproject").write_text("entry_points:\n  main: {command: 'true'}\n")
    git(project_dir, "init", "--quiet")
    world = make_world(home)
    world = world._replace(environ={**world.environ, "OMP_NUM_THREADS": "3", "TF_VAR_password": "hush", "TZ": "UTC"})
    world.environ.pop("PYTHONHASHSEED", None)  # type: ignore[attr-defined]
    run = api.run(project_dir, env_manager="system", world=world)
    recorded = read_record(run.folder).machine["variables"]
    assert isinstance(recorded, dict)
    assert (recorded["OMP_NUM_THREADS"], recorded["TZ"]) == ("3", "UTC")
    assert "TF_VAR_password" not in recorded
    run = api.run(project_dir, env_manager="system", world=world, deterministic=True)
    recorded = read_record(run.folder).machine["variables"]
    assert isinstance(recorded, dict)
    assert recorded["OMP_NUM_THREADS"] == "1"
    assert b"hush" not in run.folder.machine.read_bytes()
