"""A YAML file that defines an environment, as a small tree whose every node knows its line.

The text of a scalar is what the author wrote: to YAML an unquoted ``3.10`` is the number 3.1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from reenact.errors import ProjectError
from reenact.project.diagnostics import Diagnostic, Position, render_diagnostic
from reenact.project.nearest import did_you_mean
from reenact.world import World


class Scalar(NamedTuple):
    """A single value: ``source`` is its text, '' for nothing."""

    source: str
    line: int
    column: int
    is_null: bool = False


class Sequence(NamedTuple):
    """A list."""

    items: tuple[Node, ...]
    line: int
    column: int


class Mapping(NamedTuple):
    """Keys with their values."""

    entries: tuple[tuple[Scalar, Node], ...]
    line: int
    column: int

    def find(self, name: str) -> Node | None:
        """The value under this key; a null value is as good as an absent one."""
        value = next((value for key, value in self.entries if key.source == name), None)
        return None if isinstance(value, Scalar) and value.is_null else value


Node = Scalar | Sequence | Mapping


def read_mapping(path: Path, shown: str) -> Mapping:
    """The mapping that the file at ``path`` holds, called ``shown`` in messages; an empty file is an empty mapping.

    Raises:
        ProjectError: it cannot be read, is not YAML, or holds something else.
    """
    import yaml

    try:
        text = path.read_text("utf-8-sig")
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as problem:
        raise ProjectError(f"cannot read {shown}: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise ProjectError(f"{shown} is not UTF-8", hint="save it as UTF-8") from problem
    except RecursionError as problem:
        raise ProjectError(f"{shown} is nested too deeply") from problem
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = getattr(problem, "problem", None) or str(problem)
        raise make_error("yaml", f"this is not YAML: {said}", Position(shown, line, column)) from problem
    if root is None:
        return Mapping((), 1, 1)
    node = _convert(root, 0)
    if isinstance(node, Scalar) and node.is_null:
        return Mapping((), 1, 1)
    if not isinstance(node, Mapping):
        raise make_error("not-a-mapping", "expected 'key: value' pairs", Position(shown, node.line, node.column))
    return node


def _convert(node: Any, depth: int) -> Node:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if depth > 16:
        return Scalar("...", line, column)
    if node.id == "scalar":
        return Scalar(node.value, line, column, node.tag.endswith(":null"))
    if node.id == "sequence":
        return Sequence(tuple(_convert(item, depth + 1) for item in node.value), line, column)
    pairs = (
        (Scalar(_key_text(key), key.start_mark.line + 1, key.start_mark.column + 1), _convert(value, depth + 1))
        for key, value in node.value
    )
    return Mapping(tuple(pairs), line, column)


def _key_text(key: Any) -> str:
    return key.value if isinstance(key.value, str) else "?"


def make_error(code: str, message: str, position: Position, hint: str | None = None) -> ProjectError:
    """A project error with one finding."""
    found = Diagnostic("error", code, message, position, hint=hint)
    return make_errors((found,))


def make_errors(found: tuple[Diagnostic, ...]) -> ProjectError:
    """A project error whose message is all of ``found``, one after the other."""
    return ProjectError("\n".join(map(render_diagnostic, found)), diagnostics=found)


def describe(node: Node) -> str:
    """What a node is, in a person's words."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    return "nothing" if node.is_null else f"'{node.source}'"


def warn_unknown_keys(mapping: Mapping, known: tuple[str, ...], shown: str, world: World) -> None:
    """Tell of each key that means nothing here."""
    for key, _ in mapping.entries:
        if key.source not in known:
            message = f"unknown key '{key.source}' is ignored"
            position = Position(shown, key.line, key.column)
            hint = did_you_mean(key.source, known) or f"the keys are {', '.join(known)}"
            world.report.found(Diagnostic("warning", "unknown-key", message, position, hint=hint))
