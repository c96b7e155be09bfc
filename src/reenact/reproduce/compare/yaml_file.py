"""YAML: by key path. A text that is not quoted is a number, true, false, null or text; ``yes`` is text.

Read from PyYAML's stream of events: its composer calls itself as deep as a text goes, and libyaml's ends the process
there. An alias is the object that it leads to, unfolded nowhere, and ``<<`` is a key like any other. Several documents
are a list.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from reenact.hints import Any
from reenact.project.types import Tolerance
from reenact.reproduce.compare.judgement import Judgement, Tally, Unreadable, parse_number
from reenact.reproduce.compare.tree import Documents

_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 200
_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    ".nan": float("nan"),
    ".NaN": float("nan"),
    ".inf": float("inf"),
    "-.inf": float("-inf"),
}


def judge(old: Path, new: Path, tolerance: Tolerance, depth: int) -> Judgement:
    """Compare two files."""
    tally = Tally(tolerance)
    documents = Documents(tally)
    documents.weigh(_parse(old), _parse(new))
    return tally.judge("values", "every value that counts is the same", documents.values)


def _parse(path: Path) -> object:
    try:
        found = _build(yaml.parse(path.read_bytes(), Loader=_FAST))
    except (yaml.YAMLError, ValueError) as problem:
        raise Unreadable(f"not YAML: {' '.join(str(problem).split())}") from problem
    return found[0] if len(found) == 1 else found


def _build(events: Iterable[Any]) -> list[object]:
    """The documents. The lists that stand open are kept aside, so that depth costs nothing."""
    documents: list[object] = []
    waiting: list[tuple[list[object], Any]] = [(documents, None)]
    anchors: dict[str, object] = {}
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            anchors = {}
        elif isinstance(event, yaml.ScalarEvent):
            waiting[-1][0].append(_keep(event.anchor, _read(event), anchors))
        elif isinstance(event, yaml.AliasEvent):
            waiting[-1][0].append(_find(event.anchor or "", anchors))
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(waiting) > _DEEPEST:
                raise Unreadable("nested too deeply")
            made: list[object] | dict[str, object] = [] if isinstance(event, yaml.SequenceStartEvent) else {}
            waiting[-1][0].append(_keep(event.anchor, made, anchors))
            waiting.append(([], made))
        elif isinstance(event, yaml.CollectionEndEvent):
            items, made = waiting.pop()
            made.extend(items) if isinstance(made, list) else made.update(_pair(items))
    return documents


def _keep(anchor: str | None, value: object, anchors: dict[str, object]) -> object:
    if anchor is not None:
        anchors[anchor] = value
    return value


def _find(anchor: str, anchors: dict[str, object]) -> object:
    if anchor not in anchors:
        raise ValueError(f"an alias of nothing: {anchor}")
    return anchors[anchor]


def _read(event: Any) -> object:
    text: str = event.value
    if event.tag not in (None, "!"):
        return f"{event.tag} {text}"
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    number = parse_number(text)
    return text if number is None else number


def _pair(items: list[object]) -> dict[str, object]:
    """Keys and values, which come in turn."""
    keys = items[::2]
    if any(isinstance(key, (list, dict)) for key in keys):
        raise ValueError("a key that is no text")
    made = dict(zip(map(str, keys), items[1::2], strict=True))
    if len(made) != len(keys):
        raise ValueError("a key stands twice in an object")
    return made
