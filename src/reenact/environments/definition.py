"""A file that defines an environment: read through the cache of documents, its mistakes told as errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from reenact.document_cache import find_documents
from reenact.errors import ProjectError
from reenact.hints import Any
from reenact.project.diagnostics import Diagnostic, Position, render_diagnostic
from reenact.project.nearest import did_you_mean
from reenact.project.nodes import Mapping, is_null
from reenact.project.toml_text import Table, TomlError, load_toml
from reenact.world import World

_KINDS: dict[type, str] = {dict: "a table", list: "a list", str: "a text"}


def read_mapping(path: Path, shown: str, world: World) -> Mapping:
    """The mapping that the file at ``path`` holds, called ``shown`` in messages; an empty file is an empty mapping.

    Raises:
        ProjectError: it cannot be read, is not YAML, or holds something else.
    """
    from reenact.project.document import load_document  # what is not YAML does without

    data = read_bytes(path, shown)
    document = load_document(shown, data, find_documents(world.home))
    if not document.is_readable:
        raise make_errors(document.diagnostics)
    for doubt in document.diagnostics:
        world.report.found(doubt)
    root = document.root
    if root is None or is_null(root):
        return Mapping((), 1, 1)
    if not isinstance(root, Mapping):
        raise make_error("not-a-mapping", "expected 'key: value' pairs", document.position(root))
    return root


def read_toml(path: Path, shown: str, pick: Callable[[Table], object], world: World) -> Any:
    """What ``pick`` takes from the TOML file at ``path``, called ``shown`` in messages.

    Raises:
        ProjectError: it cannot be read, or is no TOML.
    """
    return parse_toml(read_bytes(path, shown), shown, pick, world)


def parse_toml(
    data: bytes, shown: str, pick: Callable[[Table], object], world: World, first: int = 1, hint: str | None = None
) -> Any:
    """The same for a text whose first line is line ``first`` of ``shown``; ``hint`` is for one that is no TOML."""
    try:
        return load_toml(data, find_documents(world.home), pick)
    except TomlError as problem:
        position = Position(shown, problem.line + first - 1, problem.column)
        raise make_error("not-toml", f"this is no TOML: {problem}", position, hint) from problem
    except (TypeError, AttributeError, LookupError) as problem:
        form = "its tables do not have the form that their specification gives"
        position = Position(shown, first, 1)
        raise make_error("not-understood", f"cannot be understood: {problem}", position, form) from problem


def check_forms(table: Table, forms: dict[str, type]) -> None:
    """See that what is at each path, where ``*`` stands for every key or item, is of the kind that it has to be.

    Raises:
        TypeError: it is not.
    """
    for path, kind in forms.items():
        for value in _list_values(table, path.split(".")):
            if not isinstance(value, kind):
                raise TypeError(f"{value!r} is not {_KINDS[kind]} ({path})")


def _list_values(value: Any, path: list[str]) -> Iterator[Any]:
    """What is at ``path`` in ``value``."""
    if not path:
        yield value
        return
    head, *rest = path
    if head == "*":
        values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    else:
        values = [value[head]] if isinstance(value, dict) and head in value else []
    for each in values:
        yield from _list_values(each, rest)


def read_bytes(path: Path, shown: str) -> bytes:
    """The content of ``path``.

    Raises:
        ProjectError: it is not there, or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as problem:
        message = f"the environment file '{shown}' does not exist"
        raise ProjectError(f"{message}: no such file was found", hint=f"looked for {path}") from problem
    except OSError as problem:
        raise ProjectError(f"cannot read {shown}: {problem.strerror}") from problem


def make_error(code: str, message: str, position: Position, hint: str | None = None) -> ProjectError:
    """A project error with one finding."""
    found = Diagnostic("error", code, message, position, hint=hint)
    return make_errors((found,))


def make_errors(found: tuple[Diagnostic, ...]) -> ProjectError:
    """A project error whose message is all of ``found``, one after the other."""
    return ProjectError("\n".join(map(render_diagnostic, found)), diagnostics=found)


def warn_unknown_keys(mapping: Mapping, known: tuple[str, ...], shown: str, world: World) -> None:
    """Tell of each key that means nothing here."""
    for key, _ in mapping.entries:
        if key.source not in known:
            message = f"unknown key '{key.source}' is ignored"
            position = Position(shown, key.line, key.column)
            hint = did_you_mean(key.source, known) or f"the keys are {', '.join(known)}"
            world.report.found(Diagnostic("warning", "unknown-key", message, position, hint=hint))
