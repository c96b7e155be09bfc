"""A YAML file of a project as a tree with places, read through a cache, and the findings made in it.

Importing PyYAML and parsing costs more than the rest of a warm start together, so what was read once is kept under
the digest of its bytes.
"""

import re

from reenact.json_text import parse_json
from reenact.project.cache import Cache, make_digest
from reenact.project.diagnostics import Diagnostic, Position, Severity
from reenact.project.nearest import did_you_mean
from reenact.project.nodes import Entry, Mapping, Node, Scalar, Sequence, describe, from_json, is_null, to_json
from reenact.values import NamedTuple


class Document(NamedTuple):
    """A file's tree; ``root`` is None where it holds nothing or cannot be read, and then ``diagnostics`` say why."""

    file: str
    lines: tuple[str, ...]
    root: Node | None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def is_readable(self) -> bool:
        """No error was found while it was read."""
        return not any(found.severity == "error" for found in self.diagnostics)

    def position(self, node: Node) -> Position:
        """Where a node begins."""
        return Position(self.file, node.line, node.column)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1."""
        return self.lines[number - 1] if number <= len(self.lines) else ""


class _Stored(NamedTuple):
    """What the cache holds of a document: nothing that depends on the file's name."""

    root: Node | None
    mistakes: tuple[tuple[Severity, str, str, int, int, str | None], ...]


def load_document(file: str, data: bytes, cache: Cache) -> Document:
    """The document that ``data`` is; ``file`` names it in diagnostics. Never raises for what is in it.

    ``root`` is the same whether or not it came out of the cache.
    """
    digest = make_digest("document", data)
    stored = _decode(cache.find(digest))
    if stored is None:
        stored = _parse(data)
        cache.keep(digest, _encode(stored))
    document = Document(file, split_lines(data), stored.root)
    found = (
        Diagnostic(severity, code, message, Position(file, line, column), document.line(line), hint)
        for severity, code, message, line, column, hint in stored.mistakes
    )
    return document._replace(diagnostics=tuple(found))


def split_lines(data: bytes) -> tuple[str, ...]:
    """The lines of a YAML text as its positions count them."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    # YAML 1.1 lacks four line breaks that str.splitlines has.
    for other in ("\r\n", "\r", "\x85", "\u2028", "\u2029"):
        text = text.replace(other, "\n")
    return tuple(text.split("\n"))


def _parse(data: bytes) -> _Stored:
    from reenact.project.yaml_reader import Unreadable, read_tree  # imports PyYAML

    try:
        root, doubts = read_tree(data)
    except Unreadable as problem:
        return _Stored(None, (("error", *problem.mistake),))
    return _Stored(root, tuple(("warning", *doubt) for doubt in doubts))


def _encode(stored: _Stored) -> bytes:
    from json import dumps

    root = None if stored.root is None else to_json(stored.root)
    return dumps([root, stored.mistakes], separators=(",", ":")).encode("ascii")


def _decode(data: bytes | None) -> _Stored | None:
    if data is None:
        return None
    try:
        root, mistakes = parse_json(data)
        return _Stored(None if root is None else from_json(root), tuple(tuple(mistake) for mistake in mistakes))
    except (ValueError, TypeError, LookupError, RecursionError):
        return None  # damaged: to be made again


class Findings:
    """Collects what is found in one document, and reads values from it with an expectation.

    A reader says what it wants (``text``, ``texts``, ``mapping``); where the file has something else, the finding is
    recorded with its place and the answer is None or empty. Null is the same as absent and never a finding.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.found: list[Diagnostic] = list(document.diagnostics)
        self.entry_point: str | None = None

    def error(self, node: Node | None, code: str, message: str, hint: str | None = None) -> None:
        """What cannot be used. Without a node it is about the file as a whole."""
        self._add("error", node, code, message, hint)

    def warning(self, node: Node | None, code: str, message: str, hint: str | None = None) -> None:
        """What can be used and is probably not meant."""
        self._add("warning", node, code, message, hint)

    def mapping(self, node: Node | None, what: str, form: str | None = None) -> Mapping | None:
        """The node if it is a mapping; ``what`` names it in the finding, ``form`` shows the right way to write it."""
        if isinstance(node, Mapping):
            return node
        self._expected(node, what, "a mapping", form)
        return None

    def text(self, node: Node | None, what: str, form: str | None = None) -> str | None:
        """The text of a scalar, a number's as it was written (``3.10``)."""
        if isinstance(node, Scalar) and node.type != "set" and not node.is_null:
            return node.source
        self._expected(node, what, "text", form)
        return None

    def items(self, node: Node | None, what: str, form: str | None = None) -> tuple[Node, ...]:
        """The items of a list."""
        if isinstance(node, Sequence):
            return node.items
        self._expected(node, what, "a list", form)
        return ()

    def texts(self, node: Node | None, what: str, form: str | None = None) -> tuple[str, ...]:
        """The items of a list of texts, without those that are something else."""
        texts = (self.text(item, f"an item of {what}", form) for item in self.items(node, what, form))
        return tuple(text for text in texts if text is not None)

    def unknown_keys(self, mapping: Mapping, known: tuple[str, ...], where: str) -> None:
        """A warning for each key that nobody reads."""
        for entry in mapping.entries:
            if entry.name not in known:
                self.unknown_key(entry, known, where)

    def unknown_key(self, entry: Entry, known: tuple[str, ...], where: str) -> None:
        """A warning for this key."""
        missing_space = re.match(r"\w+:", entry.name)
        if missing_space and missing_space[0][:-1] in known:
            spaced = f"{missing_space[0]} {entry.name[missing_space.end() :]}".strip()
            message = f"'{entry.name}' is one word for YAML, not key and value, and has no effect"
            self.warning(entry.key, "missing-space", message, f"a space belongs after the colon: '{spaced}'")
            return
        hint = did_you_mean(entry.name, known) or f"known here: {', '.join(known)}"
        self.warning(entry.key, "unknown-key", f"unknown key '{entry.name}' {where}; it is ignored", hint)

    def _expected(self, node: Node | None, what: str, kind: str, form: str | None) -> None:
        if node is not None and not is_null(node):
            hint = f"write {form}" if form else None
            self.error(node, "wrong-kind", f"{what} must be {kind}, not {describe(node)}", hint)

    def _add(self, severity: Severity, node: Node | None, code: str, message: str, hint: str | None) -> None:
        position = Position(self.document.file, 1, 1) if node is None else self.document.position(node)
        line = None if node is None else self.document.line(position.line)
        self.found.append(Diagnostic(severity, code, message, position, line, hint, self.entry_point))
