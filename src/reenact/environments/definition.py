"""A YAML file that defines an environment: read through the cache of documents, its mistakes told as errors."""

from __future__ import annotations

from pathlib import Path

from reenact.document_cache import find_documents
from reenact.errors import ProjectError
from reenact.project.diagnostics import Diagnostic, Position, render_diagnostic
from reenact.project.document import load_document
from reenact.project.nearest import did_you_mean
from reenact.project.nodes import Mapping, is_null
from reenact.world import World


def read_mapping(path: Path, shown: str, world: World) -> Mapping:
    """The mapping that the file at ``path`` holds, called ``shown`` in messages; an empty file is an empty mapping.

    Raises:
        ProjectError: it cannot be read, is not YAML, or holds something else.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise ProjectError(f"cannot read {shown}: {problem.strerror}") from problem
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
