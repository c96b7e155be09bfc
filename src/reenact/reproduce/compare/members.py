"""Results that are made of others: folders and archives, member by member."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reenact.project.types import Tolerance
from reenact.reproduce.compare.judgement import Judgement, Spread, Tally, Verdict, show

_WORST: tuple[Verdict, ...] = ("identical", "within tolerance", "not verified", "different")


def judge_members(
    old: Iterable[str], new: Iterable[str], tolerance: Tolerance, judge_one: Callable[[str], Judgement]
) -> Judgement:
    """The worst of the verdicts, with the first difference that made it so."""
    ignores = Tally(tolerance).ignores
    before, after = ({name: None for name in names if not _is_ignored(name, ignores)} for names in (old, new))
    verdict: Verdict = "identical"
    first, differing = "", 0
    spreads: dict[str, Spread] = {}
    fixed: list[str] = []
    for name in sorted(before | after):
        found = _judge(name, name in before, name in after, judge_one)
        differing += found.verdict in ("different", "not verified")
        if _WORST.index(found.verdict) > _WORST.index(verdict):
            verdict, first = found.verdict, f"{show(name, bare=True)}: {found.difference}"
        spreads |= {f"{name}: {part}" if part else name: spread for part, spread in found.spreads.items()}
        fixed += [f"{name}: {part}" if part else name for part in found.fixed]
    if differing > 1:
        first += f"\n{differing} of {len(before | after)} members differ"
    return Judgement(verdict, first, spreads, tuple(fixed))


def _is_ignored(name: str, ignores: Callable[[str], bool]) -> bool:
    """A member is ignored with the folder that it is in."""
    parts = name.split("/")
    return any(ignores("/".join(parts[:count])) for count in range(1, len(parts) + 1))


def _judge(name: str, was: bool, is_there: bool, judge_one: Callable[[str], Judgement]) -> Judgement:
    if was and is_there:
        return judge_one(name)
    return Judgement("different", "is gone" if was else "is new", fixed=("",))
