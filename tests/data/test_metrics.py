"""What a command has measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.codec import decode, encode
from reenact.data.metrics import Metric, Unreadable, choose, read_file, read_metrics
from reenact.data.outputs import Before, look_before
from reenact.data.places import Site
from reenact.plan import Plan
from reenact.project.types import MetricDeclaration


def read(folder: Path, name: str, text: str) -> dict[str, Metric]:
    (folder / name).write_text(text, "utf-8")
    return read_file(folder / name)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("m.json", '{"a": 1, "b": {"c": 0.5, "d": "x"}, "e": null}', {"a": 1, "b.c": 0.5, "b.d": "x"}),
        ("m.json", '{"a": NaN, "b": Infinity, "c": true}', {"a": "nan", "b": "inf", "c": "true"}),
        ("m.json", '[{"epoch": 1, "loss": 3}, {"epoch": 2}]', {"epoch": 2, "loss": 3}),
        ("m.json", '{"a": [1, 2]}', {"a.0": 1, "a.1": 2}),
        ("m.json", "\ufeff{}", {}),
        ("m.json", "3", {}),
        ("m.jsonl", '{"a": 1}\n\n{"a": 2, "b": 3}\n', {"a": 2, "b": 3}),
        ("m.yaml", "a: 1\nb:\n  c: 2.5\n", {"a": 1, "b.c": 2.5}),
        ("m.yml", "", {}),
        ("m.csv", "epoch,loss,note\n1,0.5,x\n2,0.25,\n", {"epoch": 2, "loss": 0.25, "note": "x"}),
        ("m.csv", "a\r\n1\r\n", {"a": 1}),
        ("m.csv", 'a,"b,c"\n1,nan\n', {"a": 1, "b,c": "nan"}),
        ("m.csv", "a,b\n", {}),
        ("m.csv", "", {}),
        ("m.tsv", "a\tb\n1\t2\n", {"a": 1, "b": 2}),
    ],
)
def test_a_file_is_read(tmp_path: Path, name: str, text: str, expected: dict[str, Metric]) -> None:
    found = read(tmp_path, name, text)
    assert found == expected
    assert decode(dict[str, int | float | str], encode(found)) == expected


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("m.json", "{", "not JSON"),
        ("m.jsonl", "{}\n{", "not JSON"),
        ("m.yaml", "a: [", "not YAML"),
        ("m.yaml", "!!python/object/apply:os.system ['x']", "not YAML"),
        ("m.txt", "1", "its name must end in one of .json"),
        ("m.json", "[" * 100_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(tmp_path, name, text)


def test_other_bytes_are_told(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(Unreadable, match="not UTF-8"):
        read_file(tmp_path / "m.json")
    with open(tmp_path / "m.csv", "wb") as file:
        file.truncate(17 << 20)
    with pytest.raises(Unreadable, match="larger than 16 MiB"):
        read_file(tmp_path / "m.csv")


def test_keys_are_chosen_with_all_below_them() -> None:
    found: dict[str, Metric] = {"a": 1, "b.c": 2, "b.d": 3, "bc": 4}
    assert choose(found, MetricDeclaration("m")) == (found, [])
    assert choose(found, MetricDeclaration("m", ("a", "b", "z"))) == ({"a": 1, "b.c": 2, "b.d": 3}, ["z"])


def test_metrics_have_the_name_of_their_file(plan: Plan, site: Site) -> None:
    for path in (site.project / "a.json", site.run / "artifacts/b.json", site.project / "old.json"):
        path.write_text('{"x": 1}')
    names = ("a.json", "artifacts/b.json", "old.json", "none.json", "none/*.json")
    plan = plan._replace(metrics=(*map(MetricDeclaration, names), MetricDeclaration("a.json", ("y",))))
    before = Before({path: facts for path, facts in look_before(plan, site).facts.items() if path.endswith("old.json")})
    metrics, problems = read_metrics(plan, site, before)
    assert metrics == {"a.json:x": 1, "artifacts/b.json:x": 1}
    assert problems == [
        "the metrics file old.json is as it was before the command, and does not count",
        "the metrics file none.json was not written",
        "the metrics file none/*.json was not written",
        "the metrics file a.json has no 'y'",
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_any_json_is_read_and_can_be_recorded(value: object) -> None:
    from reenact.data.metrics import FORMATS

    found = dict(FORMATS[".json"](json.dumps(value)))
    assert decode(dict[str, int | float | str], encode(found)) == found
