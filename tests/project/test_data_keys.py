"""What an entry point reads, writes and measures, as it is declared."""

from __future__ import annotations

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from reenact.project.diagnostics import Position
from reenact.project.types import EntryPoint, MetricDeclaration, OutputDeclaration, Tolerance
from tests.project.read import codes, only_finding, project_of
from tests.project.test_schema import SCHEMA
from tests.project.test_yaml_reader import VALUES

PLAIN = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
PATHS = st.lists(PLAIN, min_size=1, max_size=3).map("/".join).filter(lambda path: isinstance(yaml.safe_load(path), str))
TOLERANCES = st.fixed_dictionaries(
    {}, optional={"rtol": st.floats(0, 1e3), "atol": st.floats(0, 1e3), "ignore": st.lists(PLAIN)}
)


def entry_point_of(text: str) -> tuple[EntryPoint, list[tuple[str, str]]]:
    lines = "".join(f"    {line}\n" for line in text.split("\n"))
    project = project_of(
        f"entry_points:\n  main:\n    command: a {{x}} {{k}}\n    parameters: {{x: path, k: {{secret: true}}}}\n{lines}"
    )
    return project.entry_points[0], codes(project)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("inputs: a.csv", ("a.csv",)),
        ("inputs: [a.csv, 'b/*.csv', https://h/x.csv]", ("a.csv", "b/*.csv", "https://h/x.csv")),
        ("inputs:\n  - a.csv\n  - path: b.csv", ("a.csv", "b.csv")),
        ("inputs:\n  a.csv:\n  b.csv:", ("a.csv", "b.csv")),
        ("inputs: '{x}'", ("{x}",)),
        ("inputs: {path: a.csv}", ("a.csv",)),
        ("inputs:", ()),
        ("inputs: []", ()),
        ("inputs: [1.10]", ("1.10",)),
    ],
)
def test_inputs_have_many_forms(declared: str, expected: tuple[str, ...]) -> None:
    entry_point, found = entry_point_of(declared)
    assert (entry_point.inputs, found) == (expected, [])


@pytest.mark.parametrize(
    "declared",
    [
        "outputs: [{path: p.csv, rtol: 1e-6, atol: 0, ignore: [t]}]",
        "outputs: {path: p.csv, rtol: 1e-6, atol: 0, ignore: t}",
        "outputs: {p.csv: {rtol: 1e-6, atol: 0, ignore: [t]}}",
        "outputs:\n  - p.csv: {rtol: 1e-6, atol: 0, ignore: [t]}",
        "outputs:\n  - p.csv:\n      rtol: '1e-6'\n      atol: 0.0\n      ignore: [t]",
    ],
)
def test_outputs_have_many_forms(declared: str) -> None:
    entry_point, found = entry_point_of(declared)
    assert entry_point.outputs == (OutputDeclaration("p.csv", Tolerance(1e-6, 0.0, ("t",))),)
    assert found == []


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("metrics: m.json", (MetricDeclaration("m.json"),)),
        ("metrics: {m.json: {keys: [a, b.c]}}", (MetricDeclaration("m.json", ("a", "b.c")),)),
        ("metrics: {m.json: {keys: a, rtol: 0.1}}", (MetricDeclaration("m.json", ("a",), Tolerance(0.1)),)),
        ("metrics: {m.json: , n.csv: {}}", (MetricDeclaration("m.json"), MetricDeclaration("n.csv"))),
        (
            "metrics: [m.json, {path: n.csv, keys: [a]}]",
            (MetricDeclaration("m.json"), MetricDeclaration("n.csv", ("a",))),
        ),
    ],
)
def test_metrics_have_many_forms(declared: str, expected: tuple[MetricDeclaration, ...]) -> None:
    entry_point, found = entry_point_of(declared)
    assert (entry_point.metrics, found) == (expected, [])


@pytest.mark.parametrize(
    ("declared", "severity", "code", "column"),
    [
        ("inputs: [[a]]", "error", "wrong-kind", 14),
        ("inputs: {a: b}", "error", "wrong-kind", 17),
        ("inputs: ['']", "error", "bad-path", 14),
        ("inputs: ['data/{k}']", "error", "bad-path", 14),
        ("inputs: ['data/{y}']", "warning", "undeclared-placeholder", 14),
        ("inputs: [a, a]", "warning", "duplicate-path", 17),
        ("outputs: [{rtol: 1}]", "error", "no-path", 15),
        ("outputs: [{path: [a]}]", "error", "wrong-kind", 22),
        ("outputs: [{path: a, rtoll: 1}]", "warning", "unknown-key", 25),
        ("outputs: [{path: a, rtol: x}]", "warning", "bad-tolerance", 31),
        ("outputs: [{path: a, atol: -1}]", "warning", "bad-tolerance", 31),
        ("outputs: [{path: a, rtol: .inf}]", "warning", "bad-tolerance", 31),
        ("outputs: [{path: a, rtol: yes}]", "warning", "bad-tolerance", 31),
        ("outputs: [{path: a, ignore: {b: c}}]", "error", "wrong-kind", 33),
        ("outputs: {a: 5, b: 6}", "error", "wrong-kind", 18),
        ("outputs: /etc/passwd", "warning", "output-outside", 14),
        ("outputs: a/../../b", "warning", "output-outside", 14),
        ("metrics: https://h/m.json", "error", "bad-path", 14),
        ("metrics: [{path: a, keys: {b: c}}]", "error", "wrong-kind", 31),
    ],
)
def test_what_is_wrong_is_told_with_its_place(declared: str, severity: str, code: str, column: int) -> None:
    lines = ("entry_points:", "  main:", "    command: a {x} {k}", "    parameters: {x: path, k: {secret: true}}")
    project = project_of("\n".join((*lines, f"    {declared}\n")))
    found = next(one for one in project.diagnostics if one.code == code)
    assert (found.severity, found.entry_point) == (severity, "main")
    assert found.position == Position("MLproject", 5, column)
    assert found.hint


def test_a_mistake_leaves_the_rest() -> None:
    entry_point, _ = entry_point_of("inputs: [a, [b], c]\noutputs: [{path: d, rtol: x}, {atol: 1}]")
    assert entry_point.inputs == ("a", "c")
    assert entry_point.outputs == (OutputDeclaration("d"),)


def test_the_key_below_parameters_is_no_key_of_data() -> None:
    project = project_of("entry_points: {main: {command: 'a {metrics}', parameters: {metrics: string}}}\n")
    assert project.diagnostics == ()


@given(st.dictionaries(st.sampled_from(["inputs", "outputs", "metrics"]), VALUES))
def test_no_value_breaks_the_parser(declared: dict[str, object]) -> None:
    text = yaml.safe_dump({"entry_points": {"main": {"command": "a", **declared}}}, allow_unicode=True)
    for found in project_of(text).diagnostics:
        assert found.message
        assert found.position


@given(st.dictionaries(PATHS, TOLERANCES, min_size=1, max_size=4))
def test_the_forms_mean_the_same(declared: dict[str, dict[str, object]]) -> None:
    # The short forms cannot name a file that is called as one of their own words.
    assume(not declared.keys() & {"path", "rtol", "atol", "ignore", "keys"})
    as_list = [{"path": path, **said} for path, said in declared.items()]
    each = [{path: said} for path, said in declared.items()]
    forms: list[object] = [as_list, each, declared]
    read = []
    for form in forms:
        text = yaml.safe_dump({"entry_points": {"main": {"command": "a", "outputs": form}}}, sort_keys=False)
        project = project_of(text)
        assert project.diagnostics == ()
        assert jsonschema.Draft202012Validator(SCHEMA).is_valid(yaml.safe_load(text))
        read.append(project.entry_points[0].outputs)
    assert read[0] == read[1] == read[-1]
    assert [(item.path, item.tolerance.rtol) for item in read[0]] == [(p, s.get("rtol")) for p, s in declared.items()]


def test_one_mistake_is_one_finding() -> None:
    project = project_of("entry_points: {main: {command: a, outputs: 5.5}}\n")
    assert project.entry_points[0].outputs == (OutputDeclaration("5.5"),)
    assert only_finding(project_of("entry_points: {main: {command: a, metrics: [[b]]}}\n")).code == "wrong-kind"
