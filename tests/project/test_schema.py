from __future__ import annotations

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from reenact.project.data_keys import METRIC_KEYS, OUTPUT_KEYS
from reenact.project.declarations import PARAMETER_KEYS
from reenact.project.environment_keys import BUILD_KEYS, DOCKER_KEYS
from reenact.project.mlproject import ENTRY_POINT_KEYS, PROJECT_KEYS
from reenact.project.schema import read_schema
from reenact.project.value_types import ALIASES, find_type
from tests.project.read import project_of

SCHEMA: dict[str, Any] = json.loads(read_schema())


def the_object(definition: dict[str, Any]) -> dict[str, Any]:
    if "properties" in definition:
        return definition
    return next(option for option in definition["anyOf"] if "properties" in option)


@pytest.mark.parametrize(
    ("definition", "keys"),
    [
        (SCHEMA, PROJECT_KEYS),
        (SCHEMA["$defs"]["entry_point"], ENTRY_POINT_KEYS),
        (SCHEMA["$defs"]["parameter"], PARAMETER_KEYS),
        (SCHEMA["$defs"]["output"], OUTPUT_KEYS),
        (SCHEMA["$defs"]["metric"], METRIC_KEYS),
        (SCHEMA["$defs"]["docker_env"], DOCKER_KEYS),
        (SCHEMA["$defs"]["build"], BUILD_KEYS),
    ],
)
def test_schema_and_parser_know_the_same_keys(definition: dict[str, Any], keys: tuple[str, ...]) -> None:
    assert set(the_object(definition)["properties"]) == set(keys)
    assert the_object(definition)["additionalProperties"] is True


def test_the_schema_is_one_and_names_every_type() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    examples = SCHEMA["$defs"]["type"]["examples"]
    assert set(ALIASES) <= set(examples)
    assert all(find_type(example) for example in examples)


def described(node: Any) -> bool:
    return not isinstance(node, dict) or "$ref" in node or "description" in node or "anyOf" in node


def test_every_key_is_described_for_editors() -> None:
    for definition in (SCHEMA, *SCHEMA["$defs"].values()):
        if "properties" in definition or "anyOf" in definition:
            assert all(described(value) for value in the_object(definition)["properties"].values())


@pytest.mark.parametrize(
    "text",
    [
        "- a\n",
        "entry_points: [main]\n",
        "entry_points: {main: 5}\n",
        "entry_points: {main: {}}\n",
        "entry_points: {main: {command: 5}}\n",
        "entry_points: {main: {command: a, parameters: [b]}}\n",
        "entry_points: {main: {command: a, parameters: {b: 5}}}\n",
        "conda_env: {a: b}\n",
        "conda_env: a\npython_env: b\n",
        "docker_env: a\n",
        "docker_env: {image: a, volumes: b}\n",
        "entry_points: {main: {command: a, inputs: [[b]]}}\n",
        "entry_points: {main: {command: a, inputs: {b: c}}}\n",
        "entry_points: {main: {command: a, outputs: [{path: [b]}]}}\n",
        "entry_points: {main: {command: a, outputs: {b: 1, c: 2}}}\n",
        "entry_points: {main: {command: a, metrics: {b: [c]}}}\n",
    ],
)
def test_what_is_an_error_does_not_fit_the_schema(text: str) -> None:
    assert any(found.severity == "error" for found in project_of(text).diagnostics)
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(yaml.safe_load(text))
