"""What was probably meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def find_nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is close enough to ``word`` to be worth asking about; letter case counts little."""
    from difflib import get_close_matches  # only a mistake pays for this import

    by_folded = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(word.lower(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint naming the nearest known word, or None."""
    nearest = find_nearest(word, known)
    return f"did you mean '{nearest}'?" if nearest else None
