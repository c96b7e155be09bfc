from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.environments.python.versions import parse_request


@pytest.mark.parametrize(
    ("asked", "yes", "no"),
    [
        ("3.11", "3.11.7", "3.1.1"),
        ("3.1", "3.1.4", "3.11.7"),  # MLflow E-22: a text prefix would admit 3.11
        ("3.10", "3.10.13", "3.1.0"),
        ("3", "3.13.0", "2.7.18"),
        ("3.11.4", "3.11.4", "3.11.5"),
        ("3.11.*", "3.11.0", "3.12.0"),
        ("3.8*", "3.8.18", "3.9.0"),
        ("=3.10", "3.10.2", "3.11.0"),
        ("==3.8", "3.8.18", "3.9.1"),
        (">=3.10,<3.12", "3.11.7", "3.12.0"),
        (">=3.10, <3.12", "3.10.0", "3.9.9"),
        (">3.10", "3.10.1", "3.10.0"),
        ("~=3.10", "3.13.0", "3.9.0"),
        ("~=3.10.2", "3.10.9", "3.11.0"),
        ("!=3.11.*,>=3.10", "3.12.1", "3.11.7"),
        ("3.8|3.9", "3.9.1", "3.10.0"),
        ("python3.11", "3.11.1", "3.12.0"),
        ("*", "3.6.15", None),
        ("", "3.13.0", None),
    ],
)
def test_what_a_request_admits(asked: str, yes: str, no: str | None) -> None:
    request = parse_request(asked)
    assert request.admits(yes)
    assert no is None or not request.admits(no)


def test_an_implementation_is_part_of_the_request() -> None:
    request = parse_request("pypy3.10")
    assert request.admits("3.10.14", "pypy")
    assert not request.admits("3.10.14")


@pytest.mark.parametrize("asked", ["three", "3.x", ">=", "3.11 or 3.12", "==", "3..1", "~=3", "/usr/bin/python"])
def test_what_is_no_version_is_refused(asked: str) -> None:
    with pytest.raises(ValueError, match=r"Python version|needs at least"):
        parse_request(asked)


@given(st.tuples(st.integers(2, 4), st.integers(0, 30), st.integers(0, 30)))
def test_a_version_admits_itself_by_any_prefix(version: tuple[int, int, int]) -> None:
    text = ".".join(map(str, version))
    for prefix in (text, text.rpartition(".")[0], str(version[0]), f">={text}", f"<={text}", f"=={text}"):
        assert parse_request(prefix).admits(text)
    assert not parse_request(f"!={text}").admits(text)
    assert not parse_request(f">{text}").admits(text)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_request(text).admits("3.11.7")
    except ValueError as problem:
        assert "Python version" in str(problem) or "needs" in str(problem)
