"""A TOML text as plain values, read through the cache of documents: a warm start has no time to parse one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from reenact.hints import Any
from reenact.json_text import parse_json
from reenact.project.cache import Cache, make_digest

Table = Mapping[str, Any]


class TomlError(ValueError):
    """The text is no TOML; ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def load_toml(data: bytes, cache: Cache, pick: Callable[[Table], object] = dict) -> Any:
    """What ``pick`` takes from the table that ``data`` is, in the terms of JSON (a date is a text).

    ``pick`` is a function of a module: its name is part of the key in the cache, and the whole table is not kept.

    Raises:
        TomlError: the text is no TOML.
    """
    key = make_digest(f"toml {pick.__module__}.{pick.__qualname__}", data)
    kept = cache.find(key)
    if kept is not None:
        try:
            return parse_json(kept)
        except ValueError:
            pass  # damaged: to be made again
    from json import dumps

    picked = dumps(pick(_parse(data)), default=str, separators=(",", ":")).encode()
    cache.keep(key, picked)
    return parse_json(picked)


def _parse(data: bytes) -> dict[str, Any]:
    import tomllib  # the warm path finds what it needs in the cache

    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as problem:
        raise TomlError("it is not UTF-8", data.count(b"\n", 0, problem.start) + 1, 1) from problem
    except tomllib.TOMLDecodeError as problem:
        said = str(problem)
        place = re.search(r" \(at line (\d+), column (\d+)\)$", said)
        if place:
            raise TomlError(said[: place.start()], int(place[1]), int(place[2])) from problem
        raise TomlError(said.removesuffix(" (at end of document)"), data.count(b"\n") + 1, 1) from problem
    except RecursionError as problem:
        raise TomlError("it is nested too deeply", 1, 1) from problem
