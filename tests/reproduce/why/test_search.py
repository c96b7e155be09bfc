"""The smallest set of changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reenact.reproduce.why.search import bound_trials, find_smallest


def search(count: int, causes: set[int]) -> tuple[tuple[int, ...], int]:
    """What is found among ``count`` changes when all ``causes`` together make the difference; after how many trials."""
    trials: set[tuple[int, ...]] = set()

    def makes_it(units: tuple[int, ...]) -> bool:
        trials.add(units)
        return causes <= set(units)

    return find_smallest(range(count), makes_it), len(trials)


@given(data=st.data(), count=st.integers(1, 60))
def test_exactly_the_causes_are_found(data: st.DataObject, count: int) -> None:
    causes = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=4))
    assert search(count, causes)[0] == tuple(sorted(causes))


@given(data=st.data(), count=st.integers(1, 500))
def test_one_cause_takes_as_many_trials_as_was_said(data: st.DataObject, count: int) -> None:
    cause = data.draw(st.integers(0, count - 1))
    found, trials = search(count, {cause})
    assert found == (cause,)
    assert trials <= bound_trials(count)


@given(st.lists(st.sets(st.integers(0, 9), min_size=1), min_size=1, max_size=4))
def test_what_is_left_cannot_do_without_any(ways: list[set[int]]) -> None:
    def makes_it(units: tuple[int, ...]) -> bool:
        return any(way <= set(units) for way in ways)

    found = find_smallest(range(10), makes_it)
    assert makes_it(found)
    for unit in found:
        assert not makes_it(tuple(each for each in found if each != unit))
