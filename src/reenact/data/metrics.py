"""The numbers that a command has written to files: JSON and YAML by key, tables by column.

Keys of nested mappings are joined with dots; of a list of records, and of a table, the last one counts for each key.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from reenact.data.content import Unread, read_content
from reenact.data.outputs import Before
from reenact.data.places import IN_RUN, Site, find_places
from reenact.plan import Plan
from reenact.project.types import MetricDeclaration

MOST_BYTES = 16 << 20
MOST_METRICS = 10_000
LONGEST = 1000
"""Characters of a text that is kept as a metric."""

Metric = int | float | str


class Unreadable(Exception):
    """A file holds no metrics that can be read; the message says why."""


def find_files(declared: MetricDeclaration, site: Site) -> list[Path]:
    """The files that are meant, first among the run's artifacts."""
    own = find_places(IN_RUN + declared.path, site) if declared.path.startswith("artifacts/") else []
    return own or find_places(declared.path, site)


def read_metrics(plan: Plan, site: Site, before: Before) -> tuple[dict[str, Metric], list[str]]:
    """Every metric by ``file:key``, and what is wrong with the files: one line for each.

    What stands in a file that is as it was before the command was not measured by it.
    """
    found: dict[str, Metric] = {}
    problems: list[str] = []
    for declared in plan.metrics:
        places = find_files(declared, site)
        if not places:
            problems.append(f"the metrics file {declared.path} was not written")
        for place in places:
            name = site.name(place).removeprefix(IN_RUN)
            if before.holds(place):
                problems.append(f"the metrics file {name} is as it was before the command, and does not count")
                continue
            try:
                chosen, missing = choose(read_file(place), declared)
            except (Unread, Unreadable) as problem:
                problems.append(f"the metrics file {name} cannot be read: {problem}")
                continue
            problems += [f"the metrics file {name} has no '{key}'" for key in missing]
            found.update((f"{name}:{key}", value) for key, value in chosen.items())
    return dict(list(found.items())[:MOST_METRICS]), problems


def choose(found: Mapping[str, Metric], declared: MetricDeclaration) -> tuple[dict[str, Metric], list[str]]:
    """What is declared of what was found, and the keys of it that were not. A key also means all that is below it."""
    if not declared.keys:
        return dict(found), []
    chosen = {
        name: value
        for name, value in found.items()
        if any(name == key or name.startswith(f"{key}.") for key in declared.keys)
    }
    missing = [key for key in declared.keys if not any(n == key or n.startswith(f"{key}.") for n in chosen)]
    return chosen, missing


def read_file(path: Path) -> dict[str, Metric]:
    """Everything in a file that can be a metric.

    Raises:
        Unread: it cannot be opened.
        Unreadable: it is too large, or not in the format that its name says.
    """
    read = FORMATS.get(path.suffix.lower())
    if read is None:
        raise Unreadable(f"its name must end in one of {', '.join(FORMATS)}")
    pieces: list[bytes] = []
    if path.stat().st_size > MOST_BYTES:
        raise Unreadable(f"it is larger than {MOST_BYTES >> 20} MiB")
    read_content(path, lambda piece: pieces.append(bytes(piece)))
    try:
        text = b"".join(pieces).decode("utf-8-sig")
        return dict(read(text))
    except UnicodeDecodeError as problem:
        raise Unreadable("it is not UTF-8") from problem
    except RecursionError as problem:
        raise Unreadable("it is nested too deeply") from problem


def _read_json(text: str) -> Iterator[tuple[str, Metric]]:
    import json

    try:
        return _flatten(json.loads(text))
    except ValueError as problem:
        raise Unreadable(f"not JSON: {problem}") from problem


def _read_lines(text: str) -> Iterator[tuple[str, Metric]]:
    for line in text.splitlines():
        if line.strip():
            yield from _read_json(line)


def _read_yaml(text: str) -> Iterator[tuple[str, Metric]]:
    from yaml import YAMLError, safe_load

    try:
        return _flatten(safe_load(text))
    except (YAMLError, ValueError) as problem:
        raise Unreadable(f"not YAML: {' '.join(str(problem).split())}") from problem


def _read_table(delimiter: str) -> Callable[[str], Iterator[tuple[str, Metric]]]:
    def read(text: str) -> Iterator[tuple[str, Metric]]:
        import csv
        from io import StringIO

        try:
            rows = [row for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter) if row]
        except csv.Error as problem:
            raise Unreadable(f"not a table: {problem}") from problem
        if len(rows) > 1:
            # A row may be shorter than the heading: then an earlier one has the last value.
            for row in rows[1:]:
                cells = zip(rows[0], row, strict=False)
                yield from ((name, _make_number(cell)) for name, cell in cells if cell.strip())

    return read


FORMATS: dict[str, Callable[[str], Iterable[tuple[str, Metric]]]] = {
    ".json": _read_json,
    ".jsonl": _read_lines,
    ".yaml": _read_yaml,
    ".yml": _read_yaml,
    ".csv": _read_table(","),
    ".tsv": _read_table("\t"),
}


def _flatten(value: object, lead: str = "") -> Iterator[tuple[str, Metric]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flatten(item, f"{lead}.{key}" if lead else str(key))
    elif isinstance(value, list):
        if all(isinstance(item, dict) for item in value):
            for item in value:
                yield from _flatten(item, lead)
        elif lead:
            for at, item in enumerate(value):
                yield from _flatten(item, f"{lead}.{at}")
    elif lead and (metric := _make_metric(value)) is not None:
        yield lead, metric


def _make_metric(value: object) -> Metric | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int | float):
        return value
    return value[:LONGEST] if isinstance(value, str) else None


def _make_number(text: str) -> Metric:
    for kind in (int, float):
        try:
            number: int | float = kind(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else str(number)
    return text[:LONGEST]
