"""Which folders of files that nobody put under version control are too much to be kept: data, most likely. Pure."""

from __future__ import annotations

from collections.abc import Mapping

TIMES = 20
"""How often the limit for one file all files together may take: 1 GiB, where one may have 50 MiB."""


def find_excess(sizes: Mapping[str, int], most: int) -> tuple[str, ...]:
    """The folders (with their slash) without which what is left takes no more than ``most`` bytes, as far as folders
    make it up; the heaviest first, and of each the part that most of the weight is in."""
    left = dict(sizes)
    found: list[str] = []
    while sum(left.values()) > most and (folder := _find_heaviest(left)):
        found.append(folder)
        left = {path: size for path, size in left.items() if not path.startswith(folder)}
    return tuple(found)


def _find_heaviest(sizes: Mapping[str, int]) -> str:
    folder, weight = "", 0
    while True:
        totals: dict[str, int] = {}
        for path, size in sizes.items():
            if path.startswith(folder):
                name, slash, _ = path[len(folder) :].partition("/")
                if slash:
                    totals[f"{folder}{name}/"] = totals.get(f"{folder}{name}/", 0) + size
        heaviest = max(totals, key=lambda each: totals[each], default="")
        if not heaviest or totals[heaviest] * 2 <= weight:
            return folder
        folder, weight = heaviest, totals[heaviest]
