"""Every command of real projects is rendered to the bytes that MLflow renders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from reenact.errors import ParameterError
from reenact.project.parameters import Options, bind
from reenact.project.paths import Places
from reenact.project.template import Rendered, render_command
from reenact.project.types import EntryPoint, Parameter

CORPUS = Path(__file__).parents[2] / ".." / "shared" / "corpus"
TYPES = {"str": "string", "number": "float", "integer": "int", "boolean": "bool"}

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real projects is not beside the repository")


def read_rows(name: str) -> list[dict[str, Any]]:
    path = CORPUS / name
    rows: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return rows


def read_entry_point(text: str, name: str) -> EntryPoint:
    declared = yaml.safe_load(text)["entry_points"][name]
    parameters = tuple(read_parameter(str(n), d) for n, d in declared.get("parameters", {}).items())
    return EntryPoint(name, declared.get("command"), parameters)


def read_parameter(name: str, declared: Any) -> Parameter:
    if not isinstance(declared, dict):
        declared = {"type": declared}
    default = declared.get("default")
    kind = str(declared.get("type", "string"))
    return Parameter(name, TYPES.get(kind, kind), None if default is None else str(default), default is None)


def render(entry_point: EntryPoint, given: dict[str, str], folder: str) -> Rendered:
    bound = bind(entry_point, given, Options(lenient=True), Places(folder, folder, lambda path: True))
    return render_command(entry_point.command, bound.words, bound.extras)


def corpus_rows(key: str = "repo") -> list[Any]:
    rows = [row for row in read_rows("expected.json") if key in row]
    return [pytest.param(row, id=f"{row['repo']}-{row['path']}-{row['entry_point']}") for row in rows]


def entry_point_of(row: dict[str, Any]) -> EntryPoint:
    file = CORPUS / row["repo"].replace("/", "__") / row["path"]
    return read_entry_point(file.read_text(encoding="utf-8-sig"), row["entry_point"])


@pytest.mark.parametrize("row", corpus_rows())
def test_a_real_command_is_rendered_to_the_same_bytes(row: dict[str, Any]) -> None:
    entry_point = entry_point_of(row)
    if not isinstance(entry_point.command, str):
        pytest.skip("there is no command: the reader of project files says so")
    plain = entry_point._replace(
        parameters=tuple(p._replace(type="string") if p.type == "path" else p for p in entry_point.parameters)
    )
    rendered = render(plain, row["parameters_given"], "/project")
    if "command" in row:
        assert rendered.text == row["command"]
    else:
        assert rendered.text == entry_point.command  # MLflow stops at its single '}'


@pytest.mark.parametrize("row", corpus_rows("command_with_storage_dir"))
def test_paths_are_made_absolute_as_they_were(row: dict[str, Any]) -> None:
    rendered = render(entry_point_of(row), row["parameters_given"], "/project")
    assert rendered.text == row["command_with_storage_dir"].replace("<PROJECT>", "/project")


def synthetic_rows() -> list[Any]:
    ours = ("command number", "placeholder {a.b}")
    rows = [row for row in read_rows("synthetic.json") if row["text"] is not None and row["load"] == "ok"]
    return [pytest.param(row, id=row["case"]) for row in rows if row["case"] not in ours]


@pytest.mark.parametrize("row", synthetic_rows())
def test_an_edge_input_is_rendered_to_the_same_bytes_or_better(row: dict[str, Any]) -> None:
    entry_point = read_entry_point(row["text"].removeprefix("\ufeff"), "main")
    better = {
        "numeric parameter name": "echo x",
        "shell ${VAR}": "echo ${HOME}",
        "uri default not a URI": "echo data/x.csv",
    }
    if row.get("render", "").startswith("ExecutionException: No value"):
        with pytest.raises(ParameterError, match="No value given for missing parameters: 'a'"):
            render(entry_point, {}, "/project")
    else:
        assert render(entry_point, {}, "/project").text == better.get(row["case"], row.get("command"))
