"""Beside ``mlflow run``: the same projects and commands, and the project's own MLflow client."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.integration.command import REENACT, User, write_project
from tests.integration.mlflow_cases import ANSWERS, CASES, answer, shell_call

ORACLE = os.environ.get("REENACT_TEST_MLFLOW") or shutil.which("mlflow")
needs_mlflow = pytest.mark.skipif(not ORACLE, reason="no mlflow on PATH or in REENACT_TEST_MLFLOW")

DIFFERENT: dict[str, dict[str, Any]] = {
    # Its tracking server takes no such parameter; we have none to ask.
    "extra name": {
        "good": True,
        "calls": [{"argv": ["--a b", "1", "--c-d", "2", "--É", "3"], "cwd": "FOLDER/p"}],
    },
    # MLflow W-11: a default that is a relative path means the project's file, wherever the caller is.
    "path default": {"good": True, "calls": [{"argv": ["FOLDER/p/probe.py"], "cwd": "FOLDER/p"}]},
}
"""What we do otherwise, on purpose: the members of the answer that differ."""

TRACKED = """
import mlflow
mlflow.log_param("lr", 0.1)
mlflow.log_metric("loss", 0.5)
"""


@pytest.mark.parametrize("name", CASES)
def test_the_answer_is_mlflow_s(name: str, user: User, tmp_path: Path) -> None:
    answers: dict[str, dict[str, Any]] = json.loads(ANSWERS.read_text())
    environ = user.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    found = answer(CASES[name], tmp_path / "case", shell_call([REENACT], environ, tmp_path))
    assert found == answers[name] | DIFFERENT.get(name, {})
    assert (found != answers[name]) == (name in DIFFERENT)


@pytest.mark.slow
@needs_mlflow
@pytest.mark.parametrize("name", ["hard value", "fails"])
def test_mlflow_still_answers_so(name: str, user: User, tmp_path: Path) -> None:
    assert ORACLE
    environ = user.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db", "PYTHONDONTWRITEBYTECODE": "1"}
    answers: dict[str, dict[str, Any]] = json.loads(ANSWERS.read_text())
    assert answer(CASES[name], tmp_path / "case", shell_call([ORACLE], environ, tmp_path)) == answers[name]


@pytest.mark.slow
@needs_mlflow
def test_the_project_s_own_client_logs_where_it_is_told(user: User) -> None:
    assert ORACLE
    project = write_project(
        user.folder / "t", "name: t\nentry_points:\n  main: {command: python track.py}\n", track__py=TRACKED
    )
    user.environ["PATH"] = f"{Path(ORACLE).parent}:{user.environ['PATH']}"
    # Relative to the caller, and not to the project, where the script runs.
    said = user.run(
        "--experiment-name", "the-experiment", str(project), environ={"MLFLOW_TRACKING_URI": "sqlite:///rel.db"}
    )
    assert said.code == 0, said
    assert not (project / "rel.db").exists()
    with closing(sqlite3.connect(user.folder / "rel.db")) as database:
        logged = database.execute(
            "select e.name, m.key, m.value, p.value from metrics m join runs r using (run_uuid)"
            " join experiments e using (experiment_id) join params p using (run_uuid)"
        ).fetchall()
    assert logged == [("the-experiment", "loss", 0.5, "0.1")]
