"""Documents of objects, lists and values (JSON, YAML, TOML): key by key.

A key path is written ``history.3.loss``; where numbers are gathered, positions in lists do not count:
``history.*.loss``. The order of an object's keys means nothing. What is ignored is not looked into.
"""

from __future__ import annotations

from collections.abc import Iterator

from reenact.reproduce.compare.judgement import Tally, Unreadable, are_same, describe, show
from reenact.values import NamedTuple

_MOST_VALUES = 5_000_000
_DEEPEST = 500


class Path(NamedTuple):
    """A place in a document: a key or a position, after those above it. ``above`` is None for the document itself."""

    above: Path | None
    key: str | int
    depth: int

    def render(self, *, general: bool = False) -> str:
        """As text; ``general`` writes ``*`` for positions."""
        keys: list[str] = []
        place: Path | None = self
        while place is not None and place.depth:
            keys.append("*" if general and isinstance(place.key, int) else str(place.key))
            place = place.above
        return ".".join(reversed(keys))


class Documents:
    """Two documents that are compared; ``where`` comes before the path of a difference."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self.values = 0

    def weigh(self, old: object, new: object, where: str = "") -> None:
        """Count every value by which the two differ.

        Raises:
            Unreadable: they are nested too deeply, or hold too many values.
        """
        # Without recursion, and with an end: an alias of YAML may lead to itself.
        waiting: list[tuple[Path, object, object]] = [(Path(None, "", 0), old, new)]
        while waiting:
            path, before, after = waiting.pop()
            self.values += 1
            if self.values > _MOST_VALUES or path.depth > _DEEPEST:
                raise Unreadable("nested too deeply" if path.depth > _DEEPEST else "too many values")
            if isinstance(before, dict) and isinstance(after, dict):
                waiting.extend(reversed([*self._pair_keys(path, before, after, where)]))
            elif isinstance(before, list) and isinstance(after, list):
                waiting.extend(reversed([*self._pair_items(path, before, after, where)]))
            elif not are_same(before, after) and self._tally.weigh(path.render(general=True), before, after):
                self._tally.first = f"{_place(where, path)}: {describe(before, after)}"

    def _pair_keys(
        self, path: Path, old: dict[str, object], new: dict[str, object], where: str
    ) -> Iterator[tuple[Path, object, object]]:
        for key in dict.fromkeys((*old, *new)):
            inner = Path(path, key, path.depth + 1)
            if self._tally.tolerance.ignore and self._tally.ignores(inner.render()):
                continue
            if key in old and key in new:
                yield inner, old[key], new[key]
            elif self._tally.differ(inner.render(general=True)):
                said = f"is gone: {show(old[key])}" if key in old else f"is new: {show(new[key])}"
                self._tally.first = f"{_place(where, inner)} {said}"

    def _pair_items(
        self, path: Path, old: list[object], new: list[object], where: str
    ) -> Iterator[tuple[Path, object, object]]:
        for at, (before, after) in enumerate(zip(old, new, strict=False)):
            inner = Path(path, at, path.depth + 1)
            if not (self._tally.tolerance.ignore and self._tally.ignores(inner.render())):
                yield inner, before, after
        if len(old) != len(new) and self._tally.differ(path.render(general=True)):
            self._tally.first = f"{_place(where, path)}: {len(old)} items → {len(new)} items"


def _place(where: str, path: Path) -> str:
    return " ".join(part for part in (where, show(path.render(), bare=True)) if part) or "the document"
