from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.project.types import Tolerance
from reenact.reproduce.compare.judgement import EXACT, Number, Tally, find_spread, match, parse_number, show

NUMBERS = st.one_of(st.integers(), st.floats(), st.integers(-(10**400), 10**400))
BOUNDS = st.one_of(st.none(), st.floats(0, 1e6))


@given(NUMBERS, NUMBERS, BOUNDS, BOUNDS)
def test_the_order_of_two_numbers_does_not_matter(old: Number, new: Number, rtol: float, atol: float) -> None:
    tolerance = Tolerance(rtol, atol)
    assert match(old, new, tolerance) == match(new, old, tolerance)
    assert find_spread(old, new) == find_spread(new, old)


@given(NUMBERS, BOUNDS, BOUNDS)
def test_a_number_matches_itself(number: Number, rtol: float, atol: float) -> None:
    assert match(number, number, Tolerance(rtol, atol))
    assert find_spread(number, number) == (0.0, 0.0)


@given(NUMBERS, NUMBERS, st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 10), st.floats(0, 10))
def test_what_matches_matches_under_a_wider_tolerance(
    old: Number, new: Number, rtol: float, atol: float, more: float, still: float
) -> None:
    if match(old, new, Tolerance(rtol, atol)):
        assert match(old, new, Tolerance(rtol + more, atol + still))


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
def test_the_spread_as_tolerance_covers_it(old: float, new: float) -> None:
    absolute, relative = find_spread(old, new)
    assert match(old, new, Tolerance(atol=absolute * 1.0001))
    if absolute > 1e-300:
        assert match(old, new, Tolerance(rtol=relative * 1.0001))


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (math.nan, math.nan, True),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
        (math.inf, 1e308, False),
        (math.nan, 0.0, False),
        (-0.0, 0.0, True),
        (1, 1.0, True),
        (2**53, 2**53 + 1, False),
        (float(2**53), 2**53 + 1, False),
    ],
)
def test_the_numbers_at_the_edges(old: Number, new: Number, same: bool) -> None:
    assert match(old, new, EXACT) is same
    if math.inf in (old, -old) or old != old:
        assert match(old, new, Tolerance(10.0, 1e9)) is same


def test_true_is_no_number() -> None:
    tally = Tally(Tolerance(atol=1.0))
    assert tally.weigh("flag", True, 1)
    assert tally.weigh("flag", True, False) is False
    assert (tally.beyond, tuple(tally.fixed)) == (2, ("flag",))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("-0.5", -0.5),
        (" 1e3 ", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("inf", math.inf),
        ("007", None),
        ("1_000", None),
        ("1e999", None),
        ("0x10", None),
        ("1,5", None),
        ("", None),
        ("٣", None),
        ("9" * 5000, None),
    ],
)
def test_what_reads_as_a_number(text: str, number: Number | None) -> None:
    assert parse_number(text) == number


def test_a_whole_number_keeps_every_digit() -> None:
    assert parse_number("12345678901234567891") == 12345678901234567891


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans()))
def test_every_value_is_shown_on_one_short_line(value: object) -> None:
    shown = show(value)
    assert len(shown) < 700
    assert "\n" not in shown


def test_what_is_ignored_is_named_as_it_is_or_by_a_glob() -> None:
    tally = Tally(Tolerance(ignore=("loss[1]", "time_*")))
    assert tally.ignores("loss[1]")
    assert tally.ignores("time_of_day")
    assert not tally.ignores("loss")


@given(st.floats(), st.floats(), st.floats(0, 1e6), st.floats(0, 1e6))
def test_doubles_are_weighed_as_all_numbers_are(old: float, new: float, rtol: float, atol: float) -> None:
    tally = Tally(Tolerance(rtol, atol))
    first = tally.weigh("x", old, new)
    assert first != match(old, new, Tolerance(rtol, atol))
    assert tally.beyond == first
    assert tally.spreads.get("x", (0.0, 0.0)) == find_spread(old, new)
