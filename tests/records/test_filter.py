from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.errors import UsageError
from reenact.records.filter import ParameterFilter, parse_age, parse_moment, parse_number, parse_parameter_filter

NAMES = st.text(st.characters(exclude_characters="<>=!", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: name == name.strip() and name != ""
)


@given(NAMES, st.sampled_from(["=", "!="]), st.text().map(str.strip))
def test_any_value_can_be_asked_for(name: str, comparison: str, value: str) -> None:
    if value.startswith("="):  # "==" is "="
        return
    found = parse_parameter_filter(f"{name}{comparison}{value}")
    assert found == ParameterFilter(name, comparison, value, parse_number(value))  # type: ignore[arg-type]


@given(NAMES, st.sampled_from(["<", "<=", ">", ">="]), st.floats(allow_nan=False, allow_infinity=False))
def test_comparisons_by_size(name: str, comparison: str, number: float) -> None:
    found = parse_parameter_filter(f"{name} {comparison} {number!r}")
    assert (found.name, found.comparison, found.number) == (name, comparison, number)


@given(st.text())
def test_no_text_is_more_than_a_usage_error(text: str) -> None:
    try:
        parse_parameter_filter(text)
        parse_moment(text, 0.0)
    except UsageError:
        pass


@pytest.mark.parametrize("text", ["", "=1", ">2", "lr>", "lr>big", "lr<=nan", "lr!2"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_parameter_filter(text)


def test_the_name_alone_asks_whether_it_is_there() -> None:
    assert parse_parameter_filter("lr") == ParameterFilter("lr", "has")
    assert parse_parameter_filter("lr==0.1") == parse_parameter_filter("lr = 0.1")


def test_numbers() -> None:
    assert parse_number("1e-4") == 1e-4
    assert parse_number("010") == 10
    assert [parse_number(text) for text in (None, "", "x", "nan", "inf", "1_000")] == [None] * 6


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("12h", 43200), ("30d", 2592000), ("2w", 1209600), ("3 days", 259200)],
)
def test_ages(text: str, seconds: float) -> None:
    assert parse_age(text) == seconds
    assert parse_moment(text, 1e9) == 1e9 - seconds


def test_moments() -> None:
    assert parse_moment("2026-11-23T00:00:00Z", 0) == 1795392000
    assert parse_age("yesterday") is None
    with pytest.raises(UsageError, match="yesterday"):
        parse_moment("yesterday", 0)
