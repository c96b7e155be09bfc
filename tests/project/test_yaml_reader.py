from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reenact.project.cache import MAX_BYTES
from reenact.project.nodes import Mapping, Node, Scalar, Sequence, text_of, value_of
from reenact.project.yaml_reader import Unreadable, read_tree


def read(text: str | bytes) -> Node:
    root, _ = read_tree(text if isinstance(text, bytes) else text.encode())
    assert root is not None
    return root


def value(text: str) -> Any:
    return value_of(read(text))


def refusal(text: str | bytes) -> tuple[str, int, int]:
    with pytest.raises(Unreadable) as caught:
        read_tree(text if isinstance(text, bytes) else text.encode())
    mistake = caught.value.mistake
    assert mistake.message
    return mistake.code, mistake.line, mistake.column


WORDS = st.sampled_from(
    r"""yes no on off True null ~ 010 0o10 0x1f 0b11 1_000 12:30:45 1e-4 1.0e-4 .5 1. -1 .inf -.INF .nan = << 3.10
    2020-01-01 2020-01-01T10:00:00Z 2001-12-14t21:59:43.10-05:00
    a {} [] '' 'x' "\u00e9" !!str 5 !!binary aGk=""".split()  # noqa: SIM905
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.datetimes() | st.binary()
KEYS = st.text() | st.integers() | st.booleans()
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers() | st.booleans(), inner, max_size=4)
    ),
    max_leaves=12,
)


def loads_alike(text: str) -> None:
    try:
        expected = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return
    root, _ = read_tree(text.encode())
    ours = None if root is None else value_of(root)
    assert repr(ours) == repr(expected)
    if root is not None:
        assert text_of(root) == str(expected)


@given(VALUES, st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example({"a": [None, True, 1.5]}, False)
def test_every_value_is_typed_as_pyyaml_types_it(plain: Any, flow: bool) -> None:
    text = yaml.safe_dump(plain, default_flow_style=flow, allow_unicode=True)
    if "\\0" in text or re.search(r"\\[uU]?[dD][89a-fA-F]", text):
        return
    loads_alike(text)


@given(st.lists(WORDS, max_size=6), st.sampled_from(["a: {}\n", "- {}\n", "{}: 1\n", "k: [{}, 2]\n", "{{x: {}}}\n"]))
@settings(max_examples=200, deadline=None)
def test_every_word_is_typed_as_pyyaml_types_it(words: list[str], frame: str) -> None:
    # '=' and '<<' have no value in PyYAML, which fails: then there is nothing to compare with.
    loads_alike(frame.replace("{}", " ".join(words)).replace("{{", "{").replace("}}", "}"))


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("1e-4", "1e-4"),
        ("1.0e-4", "0.0001"),
        ("010", "8"),
        ("1:30", "90"),
        ("yes", "True"),
        ("3.10", "3.1"),
        ("~", "None"),
    ],
)
def test_a_scalar_has_its_text_and_what_was_written(written: str, text: str) -> None:
    # MLflow G-05, G-22
    node = read(f"a: {written}\n")
    assert isinstance(node, Mapping)
    scalar = node.entries[0].value
    assert isinstance(scalar, Scalar)
    assert (scalar.text, scalar.source, scalar.line, scalar.column) == (text, written, 1, 4)


def test_places_count_characters_from_one() -> None:
    node = read("a:\r\n  'é': x\r\n  b: [1, 'y']\r\n")
    assert isinstance(node, Mapping)
    inner = node.entries[0].value
    assert isinstance(inner, Mapping)
    items = inner.entries[1].value
    assert isinstance(items, Sequence)
    assert [(n.line, n.column) for n in (inner.entries[0].value, items, items.items[1])] == [(2, 8), (3, 6), (3, 10)]


def test_a_repeated_key_keeps_the_last_value_and_is_told() -> None:
    root, doubts = read_tree(b"a: 1\nb: 2\na: 3\n")
    assert root is not None
    assert value_of(root) == {"a": 3, "b": 2}
    assert [(d.code, d.line) for d in doubts] == [("duplicate-key", 3)]
    assert value("1: a\n1.0: b\ntrue: c\n") == {1: "c"}
    assert read_tree(b"x: &x {a: 1}\ny: {<<: *x, a: 2}\n")[1] == ()


@pytest.mark.parametrize(
    "text",
    [
        "d: &d {a: 1, b: 2}\ne: {<<: *d, b: 3}\n",
        "x: &x {a: 1}\ny: &y {a: 2, b: 2}\nz: {<<: [*x, *y], c: 3}\n",
        "x: &x {a: 1}\ny: &y {<<: *x, b: 2}\nz: {b: 0, <<: *y}\n",
        "a: &a [1, 2]\nb: *a\nc: {d: *a}\n",
        "a: !!set {x}\nb: !!set {}\n",
        "a: {type: int, default:}\n",
    ],
)
def test_anchors_aliases_merges_and_sets_are_those_of_pyyaml(text: str) -> None:
    loads_alike(text)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a:\n\tb: 1\n", "yaml", 2, 1),
        ("a: \"b\nc: d\n", "yaml", 1, 4),
        ("a: {b: 1\n", "yaml", 2, 1),
        ("a: @b\n", "yaml", 1, 4),
        ("a: b: c\n", "yaml", 1, 5),
        ("a: 1\nb\nc: 2\n", "yaml", 2, 1),
        ("a: \"\\q\"\n", "yaml", 1, 6),
        ("a: 2020-99-99\n", "unreadable-value", 1, 4),
        ("a: !!int x\n", "unreadable-value", 1, 4),
        ("a: !!int ''\n", "unreadable-value", 1, 4),
        ("a: !!bool maybe\n", "unreadable-value", 1, 4),
        ("a: !!timestamp x\n", "unreadable-value", 1, 4),
        ("a: !!float ''\n", "unreadable-value", 1, 4),
        (f"a: {'9' * 5000}\n", "unreadable-value", 1, 4),
        (f"a: 0x{'f' * 9000}\n", "unreadable-value", 1, 4),
        ("a: !!python/object/apply:os.getcwd []\n", "unknown-tag", 1, 4),
        ("a: !mine b\n", "unknown-tag", 1, 4),
        ("a: !!binary é\n", "unknown-tag", 1, 4),
        ("a: *b\n", "unknown-alias", 1, 4),
        ("a: &a [*a]\n", "recursive-alias", 1, 8),
        ("a: &a {<<: *a}\n", "recursive-alias", 1, 12),
        ("<<: 5\n", "bad-merge", 1, 5),
        ("{a: b}: c\n", "bad-key", 1, 1),
        ("a: 1\n---\nb: 2\n", "two-documents", 2, 1),
        ("a: \"\\0\"\n", "control-character", 1, 4),
        ("a: b\x00\n", "control-character", 1, 5),
        ("a: \x1b[31m\n", "control-character", 1, 4),
        ("[" * 5000, "too-deep", 1, 65),
        ("- " * 5000, "too-deep", 1, 129),
        (b"a: caf\xe9\n", "not-utf8", 1, 7),
        ("a: b\n".encode("utf-16"), "not-utf8", 1, 1),
        (b"a" * (MAX_BYTES + 1), "too-large", 1, 1),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(text: str | bytes, code: str, line: int, column: int) -> None:
    assert refusal(text) == (code, line, column)


def test_aliases_cannot_unfold_without_bound() -> None:
    laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    names = "abcdefghij"
    for before, name in pairwise(names):
        laughs += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    assert refusal(laughs)[0] == "too-large"
    chain = "a: &a0 [x]\n" + "".join(f"k{i}: &a{i + 1} [*a{i}]\n" for i in range(200))
    assert refusal(chain)[0] == "too-deep"
    merges = "m0: &m0 {a: 1}\n" + "".join(f"m{i + 1}: &m{i + 1} {{<<: [*m{i}, *m{i}]}}\n" for i in range(60))
    assert refusal(merges)[0] == "too-large"


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"\xef\xbb\xbf", b"---\n...\n"])
def test_nothing_is_no_error(data: bytes) -> None:
    root, doubts = read_tree(data)
    assert root is None or (isinstance(root, Scalar) and root.is_null)
    assert doubts == ()


@given(
    st.binary(max_size=60)
    | st.text(max_size=60).map(str.encode)
    | st.text("{}[]:,-&*!|>'\"%@` \n\tab<=#?", max_size=60).map(str.encode)
)
@settings(max_examples=400, deadline=None)
@example(b"? ? ? a")
@example(b"%YAML 9.9\n---\na")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_tree(data)
    except Unreadable as problem:
        lines = data.decode("utf-8", "replace").count("\n") + data.decode("utf-8", "replace").count("\r") + 4
        assert 1 <= problem.mistake.line <= lines
        assert problem.mistake.column >= 1
