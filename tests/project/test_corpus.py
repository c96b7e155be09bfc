"""Every real project file and every edge input, beside what MLflow makes of it."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from reenact.project.cache import NoCache
from reenact.project.load import load_project, read_project
from reenact.project.nodes import value_of
from reenact.project.schema import read_schema
from reenact.project.types import Project
from reenact.project.yaml_reader import read_tree
from tests.project.corpus import CORPUS, needs_corpus, project_file, rows
from tests.project.read import project_of

pytestmark = needs_corpus

# MLflow cannot load these two either, and renders no command for the third.
BROKEN = {
    ("AAKvashnin/otus_ml_course_project", "MLProject"): "yaml",
    ("CHCHO67/SPP_MLproject", "MLproject"): "yaml",
    ("byzer-org/byzer-lang", "examples/sklearn_elasticnet_wine/MLproject"): "no-command",
}


def key(row: dict[str, Any]) -> tuple[str, str]:
    return row["repo"], row["path"]


def place(row: dict[str, Any], root: Path) -> Path:
    """The project of a row in a folder of its own, with the stub of an environment file that the corpus tells of."""
    folder = root / "project"
    shutil.copytree(CORPUS / row["folder"], folder)
    folder.chmod(0o755)
    if row["environment_file_is_stub"]:
        stub = folder / row["environment_file"][1]
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.touch()
    return folder


def test_errors_are_found_only_where_mlflow_fails(tmp_path: Path) -> None:
    for number, row in enumerate(rows("index")):
        project = read_project(place(row, tmp_path / str(number)), NoCache())
        errors = {found.code for found in project.diagnostics if found.severity == "error"}
        assert errors == ({BROKEN[key(row)]} if key(row) in BROKEN else set()), key(row)


def test_every_entry_point_that_mlflow_finds_is_found() -> None:
    projects = {key(row): project_of(project_file(row).read_bytes()) for row in rows("index")}
    for row in rows("expected"):
        entry_point = projects[key(row)].find_entry_point(row["entry_point"])
        assert entry_point is not None
        required = {parameter.name for parameter in entry_point.parameters if parameter.required}
        assert required == set(row["parameters_given"]), key(row)


def test_every_real_file_that_can_be_read_fits_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(read_schema()))
    for row in rows("index"):
        data = project_file(row).read_bytes()
        if not any(found.severity == "error" for found in project_of(data).diagnostics):
            root, _ = read_tree(data)
            validator.validate(None if root is None else value_of(root))


FAILS_TO_LOAD_THERE_AND_WORKS_HERE = {"entry_points null", "entry point string", "parameter null"}
FAILS_TO_RUN_THERE_AND_IS_AN_ERROR_HERE = {"command number"}


@pytest.mark.parametrize("row", rows("synthetic"), ids=lambda row: row["case"])
def test_an_edge_input_is_what_mlflow_makes_of_it_or_explains_itself(row: dict[str, Any], tmp_path: Path) -> None:
    data = b"name: caf\xe9\n" if row["text"] is None else row["text"].encode()
    (tmp_path / "MLproject").write_bytes(data)
    project = read_project(tmp_path, NoCache())
    errors = [found for found in project.diagnostics if found.severity == "error"]
    fails = row["load"] != "ok" and row["case"] not in FAILS_TO_LOAD_THERE_AND_WORKS_HERE
    assert bool(errors) == (fails or row["case"] in FAILS_TO_RUN_THERE_AND_IS_AN_ERROR_HERE)
    for found in errors:
        assert found.position is not None
        assert found.message
        assert found.hint
    if row["load"] == "ok":
        assert [entry_point.name for entry_point in project.entry_points] == row["entry_points"]
    if "command" in row:
        compare_defaults(project, row)


def compare_defaults(project: Project, row: dict[str, Any]) -> None:
    """MLflow puts ``str()`` of a default, quoted for the shell, where the placeholder is."""
    entry_point = project.entry_points[0]
    defaults = {parameter.name: shlex.quote(parameter.default or "") for parameter in entry_point.parameters}
    if "." not in row["case"].split()[-1] or row["case"].startswith("default"):
        assert entry_point.command.format(**defaults) == row["command"]


def test_a_project_file_with_an_extension_is_used(tmp_path: Path) -> None:
    row = next(row for row in rows("index") if row["path"].endswith(".yaml"))
    assert load_project(place(row, tmp_path), NoCache()).entry_points
