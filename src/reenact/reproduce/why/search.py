"""The smallest set of changes that makes a difference: delta debugging (Zeller and Hildebrandt, 2002). Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from reenact.hints import TypeVar

Unit = TypeVar("Unit")


def find_smallest(units: Sequence[Unit], makes_it: Callable[[tuple[Unit, ...]], bool]) -> tuple[Unit, ...]:
    """Units of which none can be left out: together they make the difference, and without any one of them it is gone.

    ``makes_it`` of all units is known to be true. Units that lie beside each other are tried together first, so that
    one cause among n is found in about 2 log2(n) trials.
    """
    chosen = tuple(units)
    parts = 2
    while len(chosen) >= 2:
        pieces = _split(chosen, parts)
        smaller = next((piece for piece in pieces if makes_it(piece)), None)
        if smaller is not None:
            chosen, parts = smaller, 2
            continue
        rests = [_without(chosen, piece) for piece in pieces] if parts > 2 else []
        smaller = next((rest for rest in rests if makes_it(rest)), None)
        if smaller is not None:
            chosen, parts = smaller, max(parts - 1, 2)
        elif parts >= len(chosen):
            break
        else:
            parts = min(len(chosen), parts * 2)
    return chosen


def bound_trials(count: int) -> int:
    """How many trials one cause among ``count`` units takes at the most."""
    return 2 * max(count - 1, 0).bit_length()


def _split(units: tuple[Unit, ...], parts: int) -> list[tuple[Unit, ...]]:
    bounds = [len(units) * at // parts for at in range(parts + 1)]
    return [units[start:end] for start, end in pairwise(bounds)]


def _without(units: tuple[Unit, ...], piece: tuple[Unit, ...]) -> tuple[Unit, ...]:
    start = units.index(piece[0])
    return units[:start] + units[start + len(piece) :]
