from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reenact.project.diagnostics import render_diagnostic
from reenact.project.types import DockerBuild, DockerEnvironment, Parameter
from tests.project.corpus import needs_corpus, project_file, rows
from tests.project.read import codes, main_with, only_finding, only_parameter, project_of
from tests.project.test_yaml_reader import VALUES


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("a: float", Parameter("a", "float")),
        ("a: number", Parameter("a", "float")),
        ("a: Integer", Parameter("a", "int")),
        ("a: str", Parameter("a", "string")),
        ("a: boolean", Parameter("a", "bool")),
        ("a: list[str]", Parameter("a", "list[string]")),
        ("a: 'list[ int ]'", Parameter("a", "list[int]")),
        ("a: list", Parameter("a", "list[string]")),
        ("a: {}", Parameter("a")),
        ("a: {type: }", Parameter("a")),
        ("a: {type: path, default: x.csv}", Parameter("a", "path", "x.csv", required=False)),
        ("a: {default: ''}", Parameter("a", default="", required=False)),
        ("a: {default: null}", Parameter("a")),
        ("a: {default: yes}", Parameter("a", default="True", required=False)),
        ("a: {type: 'list[int]', default: [1, 2]}", Parameter("a", "list[int]", "[1, 2]", required=False)),
        ("a: {required: false}", Parameter("a", required=False)),
        ("a: {required: true}", Parameter("a")),
        ("a: {secret: yes, description: ' The key. '}", Parameter("a", secret=True, description="The key.")),
        ("a: {choices: [1, b, on]}", Parameter("a", choices=("1", "b", "True"))),
        ("a: {type: float, min: 1e-4, max: 1}", Parameter("a", "float", min=1e-4, max=1.0)),
    ],
)
def test_a_declaration_has_its_meaning(declared: str, expected: Parameter) -> None:
    assert only_parameter(declared) == (expected, [])


@pytest.mark.parametrize(
    ("declared", "code", "type_"),
    [
        ("a: banana", "unknown-type", "banana"),
        ("a: {type: 5}", "unknown-type", "string"),
        ("a: list[list[int]]", "unknown-type", "list[list[int]]"),
        ("a:", "empty-declaration", "string"),
        ("a: {defualt: 5}", "unknown-key", "string"),
        ("a: {type:int}", "missing-space", "string"),
        ("a:\n  type:int\n  default:5", "missing-space", "string"),
        ("a: {choices: x}", "bad-choices", "string"),
        ("a: {choices: []}", "bad-choices", "string"),
        ("a: {type: int, min: low}", "bad-bound", "int"),
        ("a: {type: int, min: .nan}", "bad-bound", "int"),
        ("a: {min: 1}", "bad-bound", "string"),
        ("a: {type: int, min: 2, max: 1}", "empty-range", "int"),
        ("a: {required: maybe}", "bad-truth-value", "string"),
        ("a: {required: true, default: x}", "required-default", "string"),
    ],
)
def test_a_doubtful_declaration_works_and_warns(declared: str, code: str, type_: str) -> None:
    parameter, found = only_parameter(declared)
    assert found == [("warning", code)]
    assert parameter.type == type_
    assert (parameter.choices, parameter.min if code == "bad-bound" else None) == ((), None)


def test_a_secret_that_is_not_understood_is_kept_secret() -> None:
    parameter, found = only_parameter("a: {secret: perhaps}")
    assert parameter.secret
    assert found == [("warning", "bad-truth-value")]


@pytest.mark.parametrize("declared", ["a: 5", "a: 0.5", "a: yes", "a: [int]", "a: 2020-01-01"])
def test_a_parameter_that_is_no_declaration_is_an_error_that_shows_the_form(declared: str) -> None:
    # MLflow G-16
    project = main_with(declared, "echo")
    found = only_finding(project)
    assert (found.severity, found.code, found.entry_point) == ("error", "bad-declaration", "main")
    assert found.hint is not None
    assert "{" in found.hint


@pytest.mark.parametrize(
    ("text", "severity", "code", "line"),
    [
        ("- a\n", "error", "wrong-kind", 1),
        ("hello\n", "error", "wrong-kind", 1),
        ("", "warning", "empty-file", 1),
        ("entry_points: [main]\n", "error", "wrong-kind", 1),
        ("entry_points: main\n", "error", "wrong-kind", 1),
        ("entry_points:\n  main: python a.py\n", "warning", "short-entry-point", 2),
        ("entry_points:\n  main:\n", "error", "no-command", 2),
        ("entry_points:\n  main:\n    command:python a.py\n", "error", "missing-space", 3),
        ("entry_points:\n  main:\n    command: a\n    data: path\n", "warning", "unknown-key", 4),
        ("entry_points:\n  main: {}\n", "error", "no-command", 2),
        ("entry_points:\n  main:\n    command:\n", "error", "no-command", 3),
        ("entry_points:\n  main: 5\n", "error", "wrong-kind", 2),
        ("entry_points:\n  main: {command: 5}\n", "error", "wrong-kind", 2),
        ("entry_points:\n  main: {command: [a, b]}\n", "error", "wrong-kind", 2),
        ("entry_points:\n  main: {command: ''}\n", "warning", "empty-command", 2),
        ("entry_points:\n  main: {command: a, parameters: [b]}\n", "error", "wrong-kind", 2),
        ("entry_points:\n  1: {command: a}\n", "warning", "odd-name", 2),
        ("entry_points:\n  main: {command: a, comand: b}\n", "warning", "unknown-key", 2),
        ("name: [a]\n", "warning", "wrong-kind", 1),
        ("conda_env: c\npython_env: p\n", "error", "two-environments", 1),
        ("conda_env: {dependencies: []}\n", "error", "wrong-kind", 1),
        ("python_env: 3.11\n", "error", "wrong-kind", 1),
        ("python_env: sub/uv.lock\n", "error", "wrong-kind", 1),
        ("docker_env: image\n", "error", "wrong-kind", 1),
        ("docker_env: {volumes: ['a:b']}\n", "error", "no-image", 1),
        ("docker_env: {image: a, volumes: b}\n", "error", "wrong-kind", 1),
        ("docker_env: {image: [a]}\n", "error", "wrong-kind", 1),
        ("docker_env: {image: ''}\nentry_points: 5\n", "error", "no-image", 1),
        ("docker_env: {image: a, environment: {A: b}}\n", "error", "wrong-kind", 1),
        ("docker_env: {image: a, environment: [{A: b}]}\n", "error", "wrong-kind", 1),
        ("docker_env: {image: a, environment: [[A]]}\n", "warning", "short-variable", 1),
        ("docker_env: {image: a, environment: ['A=b']}\n", "error", "no-variable", 1),
        ("docker_env: {image: a, environment: [['', b]]}\n", "error", "no-variable", 1),
        ("docker_env: {image: a, registry: b}\n", "warning", "unknown-key", 1),
        ("databricks_spark_job: {python_file: a.py}\n", "warning", "databricks-only", 1),
        ("a: 1\na: 2\n", "warning", "duplicate-key", 2),
    ],
)
def test_a_wrong_file_is_told_with_its_place(text: str, severity: str, code: str, line: int) -> None:
    found = next(d for d in project_of(text).diagnostics if d.code == code)
    assert found.severity == severity
    assert found.position is not None
    assert found.position.line == line
    assert found.hint or severity == "warning"


@pytest.mark.parametrize(
    "text",
    [
        "name: x\n",
        "name: 5\nentry_points:\n",
        "entry_points: {main: {command: a, parameters: }}\n",
        "entry_points: {main: {command: a, description: b, inputs: [c], outputs: d, metrics: {e: {}}}}\n",
        "docker_env:\n",
        "docker_env: {}\n",
        "conda_env: ''\n",
        "databricks_spark_job:\n",
    ],
)
def test_what_is_empty_or_known_is_silent(text: str) -> None:
    assert project_of(text).diagnostics == ()


def test_the_obvious_is_done() -> None:
    assert project_of("entry_points:\n  main: python a.py\n").entry_points[0].command == "python a.py"
    assert project_of("name: 5\n").name == "5"
    assert project_of("name: 1.10\n").name == "1.10"
    assert project_of("entry_points:\n  on: {command: a}\n").entry_points[0].name == "on"


def test_a_misspelt_key_names_the_one_that_was_meant() -> None:
    assert render_diagnostic(
        only_finding(project_of("entry_points:\n  main:\n    command: a\n    paramters: {}\n"))
    ) == (
        "MLproject:4:5: warning: unknown key 'paramters' in entry point 'main'; it is ignored [unknown-key]\n"
        "  4 |     paramters: {}\n"
        "    |     ^\n"
        "  hint: did you mean 'parameters'?"
    )


def test_entry_points_that_are_indented_too_deep_are_recognised() -> None:
    found = only_finding(project_of("entry_points:\n  main:\n    train: {command: a}\n"))
    assert found.code == "no-command"
    assert "train" in (found.hint or "")


def test_docker_environments_are_read() -> None:
    text = "docker_env: {image: a, volumes: ['/a:/b'], environment: [HOME, [A, 5]]}\n"
    assert project_of(text).environment.docker == DockerEnvironment("a", ("/a:/b",), ("HOME", ("A", "5")))


def test_the_engines_own_settings_are_read() -> None:
    text = (
        "docker_env:\n  image: a\n  gpus: true\n  shm_size: 8g\n  user: 1000:1000\n  ports: [8080:80]\n"
        "  network: host\n  platform: linux/amd64\n  build: {context: c, dockerfile: d, target: t, args: {A: 1, B: }}\n"
    )
    docker = project_of(text).environment.docker
    build = DockerBuild("c", "d", (("A", "1"), "B"), "t")
    assert docker == DockerEnvironment(
        "a",
        gpus="all",
        shm_size="8g",
        user="1000:1000",
        ports=("8080:80",),
        network="host",
        platform="linux/amd64",
        build=build,
    )
    alone = project_of("docker_env: {build: sub}\n").environment.docker
    assert alone == DockerEnvironment(build=DockerBuild("sub"))
    listed = project_of("docker_env: {build: {args: [A=1=2, B]}}\n").environment.docker
    assert listed is not None
    assert listed.build == DockerBuild(args=(("A", "1=2"), "B"))


def test_secret_variables_are_copied_too() -> None:
    docker = project_of("docker_env: {image: a, environment: [B, [C, d]], secrets: [B, TOKEN]}\n").environment.docker
    assert docker == DockerEnvironment("a", environment=("B", ("C", "d"), "TOKEN"), secrets=("B", "TOKEN"))


@pytest.mark.parametrize(
    "text",
    [
        "gpus: [0]",
        "secrets: TOKEN",
        "shm_size: {a: b}",
        "ports: 80",
        "network: []",
        "build: 5",
        "build: {context: []}",
        "build: {args: a}",
    ],
)
def test_wrong_settings_of_the_engine_are_told(text: str) -> None:
    found = project_of(f"docker_env: {{image: a, {text}}}\n").diagnostics
    assert [each.code for each in found] == ["wrong-kind"]


def test_an_error_in_one_entry_point_names_it() -> None:
    project = project_of("entry_points:\n  main: {command: a}\n  other: {}\n")
    assert only_finding(project).entry_point == "other"
    assert project.find_entry_point("main") is not None


TEMPLATE = """\
name: n
conda_env: c.yaml
entry_points:
  main:
    description: d
    parameters:
      a: {type: float, default: 0.1, choices: [1], min: 0, max: 2, secret: true, required: false}
      b: path
    command: |
      python a.py {a} \\
        {b}
"""


@given(VALUES, st.data())
@settings(max_examples=250, deadline=None)
def test_any_value_in_any_place_is_told_and_never_raises(value: object, data: st.DataObject) -> None:
    tree = yaml.safe_load(TEMPLATE)
    place = tree
    while True:
        keys = list(place)
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict) and data.draw(st.booleans()):
            place = place[key]
            continue
        if data.draw(st.booleans()):
            place[key] = value
        else:
            place[data.draw(st.text() | st.integers() | st.none() | st.booleans())] = value
        break
    for found in project_of(yaml.safe_dump(tree, allow_unicode=True)).diagnostics:
        assert render_diagnostic(found)


def mutate(text: str, data: st.DataObject) -> str:
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 12))
        insert = data.draw(
            st.sampled_from(["", "\t", "\n", "{", "}", ":", ": ", "'", '"', "- ", "&a ", "*a", "null", "5", "\0"])
        )
        text = text[:start] + insert + text[start + length :]
    return text


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage_to_a_file_is_told_and_never_raises(data: st.DataObject) -> None:
    for found in project_of(mutate(TEMPLATE, data)).diagnostics:
        assert render_diagnostic(found)


@needs_corpus
@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_damage_to_a_real_file_is_told_and_never_raises(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(rows("index")))
    text = project_file(row).read_text(encoding="utf-8")
    for found in project_of(mutate(text, data)).diagnostics:
        assert render_diagnostic(found)


@needs_corpus
@given(st.data())
@settings(max_examples=100, deadline=None)
def test_any_damage_to_an_edge_case_is_told_and_never_raises(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from([row for row in rows("synthetic") if row["text"]]))
    project = project_of(mutate(row["text"], data))
    assert all(severity in ("error", "warning") for severity, _ in codes(project))
