"""Our reading and writing of JSON against the standard library's, which it stands for."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.json_text import parse_json, render_json

TEXTS = st.text() | st.text(st.characters(categories=["Cs", "Cc", "Ll"]))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


def same(one: Any, other: Any) -> bool:
    """Equal, of the same types, and not a number where the other is not."""
    return repr(one) == repr(other)


@given(VALUES, st.sampled_from(["", " ", "  "]), st.booleans(), st.booleans())
def test_what_is_written(value: Any, indent: str, sort: bool, ascii_only: bool) -> None:
    wanted = json.dumps(value, indent=len(indent) or None, sort_keys=sort, ensure_ascii=ascii_only)
    assert render_json(value, indent=indent, sort=sort, ascii_only=ascii_only) == wanted


@given(VALUES)
def test_what_is_written_without_spaces(value: Any) -> None:
    assert render_json(value, compact=True) == json.dumps(value, separators=(",", ":"))


def test_what_is_a_tuple_is_a_list() -> None:
    assert render_json({"a": (1, (), {})}) == '{"a": [1, [], {}]}'


@pytest.mark.parametrize("value", [object(), {1, 2}, {"a": b""}, {1: 2}])
def test_what_has_no_json(value: object) -> None:
    with pytest.raises(TypeError):
        render_json(value)


@given(VALUES, st.sampled_from([None, 1]), st.sampled_from(["", " ", "\n", "\t\r\n "]))
def test_what_is_read(value: Any, indent: int | None, around: str) -> None:
    text = around + json.dumps(value, indent=indent) + around
    assert same(parse_json(text), json.loads(text))
    assert same(parse_json(text.encode()), json.loads(text))


@given(VALUES)
def test_what_is_read_that_is_not_ascii(value: Any) -> None:
    data = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert same(parse_json(data), json.loads(data))


@given(st.text(alphabet='{}[]",:0123456789.eE+-\\utrfalsn \n\ufeffNI', max_size=12))
def test_what_is_no_json(text: str) -> None:
    """The same error at the same place, or the same value."""
    try:
        wanted = json.loads(text)
    except ValueError as problem:
        with pytest.raises(ValueError) as caught:
            parse_json(text)
        assert type(caught.value) is type(problem)
        assert str(caught.value) == str(problem)
    else:
        assert same(parse_json(text), wanted)


@pytest.mark.parametrize("data", [b"\xff", b"{", b"", b"1 2", b'{"a": 1,}', b'"\n"'])
def test_bytes_that_are_no_json(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(data)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_of_unicode(encoding: str) -> None:
    assert parse_json('{"a": "\u00e9"}'.encode(encoding)) == {"a": "\u00e9"}


def test_numbers_that_json_has_not() -> None:
    first, *rest = parse_json("[NaN, Infinity, -Infinity]")
    assert math.isnan(first)
    assert rest == [math.inf, -math.inf]


def test_a_python_without_the_parts_made_in_c() -> None:
    script = (
        "import sys\nsys.modules['_json'] = None\nfrom reenact.json_text import parse_json, render_json\n"
        'print(render_json(parse_json(\' {"a": [1, 2.5, null, "\\\\u00e9"]} \')))\n'
        "try: parse_json('[')\nexcept ValueError as problem: print(problem)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ['{"a": [1, 2.5, null, "\\u00e9"]}', "Expecting value: line 1 column 2 (char 1)"]
