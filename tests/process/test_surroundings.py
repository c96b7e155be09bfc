"""The environment variables that a command gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from reenact.home import Home
from reenact.plan import Command
from reenact.process.surroundings import make_absolute, make_environ
from reenact.report import Silence
from reenact.world import World

RUN = Path("/home/runs/0123")
CALLER = {
    "PATH": "/bin",
    "HOME": "/home/ada",
    "VIRTUAL_ENV": "/v",
    "PYTHONPATH": "/p",
    "PYTHONHOME": "/h",
    "CONDA_PREFIX": "/c",
    "CONDA_PREFIX_1": "/c1",
    "REENACT_RUN_ID": "another",
    "TOKEN": "t",
}
TRUE = Command("true")


def surround(caller: dict[str, str], command: Command = TRUE, keep: tuple[str, ...] = ()) -> dict[str, str]:
    world = World(Home(Path("/home")), caller, Path("/work dir"), Silence())
    return make_environ(world, command, RUN, keep=keep, secrets={"SECRET": "s"})


def test_what_the_command_unsets_is_left_out() -> None:
    assert surround(CALLER, Command("true", unset=("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "ABSENT"))) == {
        "PATH": "/bin",
        "HOME": "/home/ada",
        "CONDA_PREFIX": "/c",
        "CONDA_PREFIX_1": "/c1",
        "TOKEN": "t",
        "SECRET": "s",
        "REENACT_RUN_ID": "0123",
        "REENACT_RUN_DIR": str(RUN),
    }


def test_otherwise_everything_is_kept() -> None:
    assert surround(CALLER).items() >= {**CALLER, "REENACT_RUN_ID": "0123"}.items()


def test_what_is_kept_on_purpose() -> None:
    kept = surround(CALLER, Command("true", unset=("PYTHONPATH", "PYTHONHOME")), keep=("PYTHONPATH",))
    assert kept["PYTHONPATH"] == "/p"
    assert "PYTHONHOME" not in kept


def test_what_the_command_says_comes_over_the_caller_s() -> None:
    command = Command(
        "true", environment={"HOME": "/elsewhere", "PYTHONPATH": "/own"}, unset=("TOKEN",), path=("/e/bin",)
    )
    environ = surround(CALLER, command)
    assert environ["HOME"] == "/elsewhere"
    assert environ["PYTHONPATH"] == "/own"
    assert environ["PATH"] == "/e/bin:/bin"
    assert "TOKEN" not in environ


def test_no_path_at_all() -> None:
    assert surround({}, Command("true", path=("/e",)))["PATH"].startswith("/e:")


def test_the_caller_s_variables_are_not_changed() -> None:
    before = dict(CALLER)
    surround(CALLER)
    assert before == CALLER


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite:///rel.db", "sqlite:////work dir/rel.db"),
        ("sqlite:///./sub/../rel.db?timeout=3", "sqlite:////work dir/rel.db?timeout=3"),
        ("sqlite:////abs.db", "sqlite:////abs.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("mlruns", "/work dir/mlruns"),
        ("./mlruns", "/work dir/mlruns"),
        ("../mlruns", "/mlruns"),
        ("/abs/mlruns", "/abs/mlruns"),
        ("file:mlruns", "file:///work%20dir/mlruns"),
        ("file:./x", "file:///work%20dir/x"),
        ("file:/abs", "file:/abs"),
        ("file:///abs", "file:///abs"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("postgresql+psycopg2://u:p@h/db", "postgresql+psycopg2://u:p@h/db"),
        ("databricks", "databricks"),
        ("databricks://profile", "databricks://profile"),
    ],
)
def test_a_tracking_address_means_the_same_from_every_directory(given: str, expected: str) -> None:
    """MLflow X-05."""
    assert make_absolute(given, Path("/work dir")) == expected
    assert surround({"MLFLOW_TRACKING_URI": given})["MLFLOW_TRACKING_URI"] == expected
