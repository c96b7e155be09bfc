"""The environment variables that a command gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from reenact.plan import Command
from reenact.process.surroundings import make_absolute, make_environ

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


def surround(caller: dict[str, str], command: Command = TRUE, *, isolated: bool = True) -> dict[str, str]:
    return make_environ(caller, command, RUN, isolated=isolated, cwd=Path("/work dir"), secrets={"SECRET": "s"})


def test_what_would_lead_out_of_an_environment_is_left_out() -> None:
    assert surround(CALLER) == {
        "PATH": "/bin",
        "HOME": "/home/ada",
        "TOKEN": "t",
        "SECRET": "s",
        "REENACT_RUN_ID": "0123",
        "REENACT_RUN_DIR": str(RUN),
    }


def test_without_an_environment_of_its_own_everything_is_kept() -> None:
    assert surround(CALLER, isolated=False).items() >= {**CALLER, "REENACT_RUN_ID": "0123"}.items()


def test_what_is_kept_on_purpose() -> None:
    kept = surround(CALLER | {"REENACT_KEEP_VARIABLES": "PYTHONPATH, CONDA_PREFIX_1"})
    assert kept["PYTHONPATH"] == "/p"
    assert kept["CONDA_PREFIX_1"] == "/c1"
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
