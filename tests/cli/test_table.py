from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.cli.table import (
    Column,
    cut,
    measure,
    render_age,
    render_duration,
    render_size,
    render_state,
    render_table,
)
from reenact.project.diagnostics import visible
from reenact.runs import State


@given(st.text(), st.integers(0, 20))
def test_a_cut_text_fits(text: str, width: int) -> None:
    found = cut(text, width)
    assert measure(found) <= width
    assert found == text or measure(text) > width


@given(st.text(st.characters(exclude_categories=[])))
def test_plain_text_is_one_printable_line(text: str) -> None:
    assert visible(text).isprintable()


@given(st.lists(st.tuples(st.text("ab漢", max_size=30), st.text("ab漢", max_size=30)), max_size=5), st.integers(20, 80))
def test_what_gives_way_keeps_a_table_within_its_width(rows: list[tuple[str, str]], width: int) -> None:
    lines = render_table([Column("A", gives_way=True), Column("B", gives_way=True)], rows, width)
    assert all(measure(line) <= width for line in lines)
    assert len(lines) == len(rows) + 1


@pytest.mark.parametrize(
    ("seconds", "age", "duration"),
    [
        (0.41, "now", "0.41 s"),
        (59.99, "59 s ago", "1 min 00 s"),
        (200, "3 min ago", "3 min 20 s"),
        (11100, "3 h ago", "3 h 05 min"),
        (190000, "2 d ago", "2 d 4 h"),
        (86400 * 400, "1 y ago", "400 d 0 h"),
    ],
)
def test_times(seconds: float, age: str, duration: str) -> None:
    assert (render_age(seconds), render_duration(seconds)) == (age, duration)


def test_sizes() -> None:
    assert [render_size(n) for n in (0, 1023, 1536, 40 * 2**20, 3 * 2**40)] == [
        "0 B",
        "1023 B",
        "1.5 KiB",
        "40.0 MiB",
        "3.0 TiB",
    ]


def test_states() -> None:
    assert render_state(State.KILLED, 143) == "killed (SIGTERM)"
    assert render_state(State.KILLED, 255) == "killed (255)"
    assert render_state(State.KILLED, None) == "killed"
    assert render_state(State.FAILED, 3) == "failed (3)"
    assert render_state(State.FINISHED, 0) == "finished"
