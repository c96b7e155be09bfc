"""YAML 1.1 text to a tree of nodes, each scalar typed exactly as PyYAML's safe loader types it.

The tree is made from PyYAML's stream of events and not from its composer, whose recursion a text could drive as
deep as it likes: here nesting, aliases and the size that aliases unfold to are bounded, and every mistake has a place.
"""

from __future__ import annotations

import re

import yaml

from reenact.hints import Any
from reenact.project.cache import MAX_BYTES
from reenact.project.nodes import Entry, Mapping, Node, Scalar, ScalarType, Sequence, Value, value_of
from reenact.values import NamedTuple

MAX_DEPTH = 64
MAX_NODES = 50_000
MAX_SECOND_READ = 64 * 1024
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_PREFIX = "tag:yaml.org,2002:"
_TYPES: dict[str, ScalarType] = {
    "NoneType": "null",
    "bool": "bool",
    "int": "int",
    "float": "float",
    "str": "str",
    "date": "date",
    "datetime": "datetime",
    "bytes": "bytes",
}
# With libyaml where PyYAML was built with it: ten times the speed, the same types.
_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Mistake(NamedTuple):
    """Something wrong in the text, before anything is known of its meaning."""

    code: str
    message: str
    line: int
    column: int
    hint: str | None = None


class Unreadable(Exception):
    """The text has no tree."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.message)
        self.mistake = mistake


class _Built(NamedTuple):
    """A finished node, the number of nodes it unfolds to, how deep it goes, and whether it is a ``<<``."""

    node: Node
    size: int = 1
    height: int = 0
    merge: bool = False


class _Open(NamedTuple):
    """A list or mapping whose end has not come yet."""

    kind: str
    anchor: str | None
    line: int
    column: int
    children: list[_Built]


def read_tree(data: bytes) -> tuple[Node | None, tuple[Mistake, ...]]:
    """The tree of a UTF-8 text (None for one without content) and what is doubtful in it.

    Raises:
        Unreadable: it is not UTF-8, not YAML, or unfolds to more than a project file can mean.
    """
    text = _decode(data)
    try:
        return _read(text, _FAST)
    except yaml.YAMLError as problem:
        if len(text) > MAX_SECOND_READ:
            raise Unreadable(_explain(problem, text)) from problem
    # libyaml refuses some texts that PyYAML's own parser reads, '{default:}' for one; MLflow uses the latter.
    try:
        return _read(text, yaml.SafeLoader)
    except yaml.YAMLError as problem:
        raise Unreadable(_explain(problem, text)) from problem


def _read(text: str, loader: Any) -> tuple[Node | None, tuple[Mistake, ...]]:
    reader = _Reader(loader(text))
    try:
        return reader.read(), tuple(reader.doubts)
    finally:
        reader.loader.dispose()


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        hint = "a project file is a page or two; keep data elsewhere"
        raise Unreadable(Mistake("too-large", f"the file has more than {MAX_BYTES} bytes", 1, 1, hint))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable(Mistake("not-utf8", "the file is UTF-16; expected UTF-8", 1, 1, "save it as UTF-8"))
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as problem:
        line, column = _place(data[: problem.start].decode("utf-8"))
        message = f"byte 0x{data[problem.start]:02x} is not UTF-8"
        hint = "the file was probably saved as Latin-1 or Windows-1252; save it as UTF-8"
        raise Unreadable(Mistake("not-utf8", message, line, column, hint)) from problem
    if bad := UNPRINTABLE.search(text):
        name = "a NUL character" if bad[0] == "\0" else f"the control character U+{ord(bad[0]):04X}"
        line, column = _place(text[: bad.start()])
        raise Unreadable(Mistake("control-character", f"{name} cannot be part of YAML", line, column, "remove it"))
    return text


def _place(before: str) -> tuple[int, int]:
    lines = LINE_BREAK.split(before.removeprefix("\ufeff"))
    return len(lines), len(lines[-1]) + 1


class _Reader:
    """Makes one tree from one stream of events."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader
        self.doubts: list[Mistake] = []
        self._anchors: dict[str, _Built] = {}
        self._stack: list[_Open] = []
        self._root: Node | None = None
        self._size = 0

    def read(self) -> Node | None:
        documents = 0
        while self.loader.check_event():
            event = self.loader.get_event()
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents == 2:
                    message = "a second YAML document begins here; a project file is one document"
                    raise _unreadable("two-documents", message, event, "remove the line '---'")
            elif isinstance(event, yaml.NodeEvent):
                self._take(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close(event)
        return self._root

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._add(self._resolve(event), event)
        elif isinstance(event, yaml.ScalarEvent):
            built = self._scalar(event)
            if event.anchor is not None:
                self._anchors[event.anchor] = built
            self._add(built, event)
        else:
            if len(self._stack) == MAX_DEPTH:
                raise _unreadable("too-deep", f"more than {MAX_DEPTH} levels inside one another", event)
            line, column = event.start_mark.line + 1, event.start_mark.column + 1
            self._stack.append(_Open(_collection_kind(event), event.anchor, line, column, []))

    def _resolve(self, event: Any) -> _Built:
        if any(frame.anchor == event.anchor for frame in self._stack):
            raise _unreadable("recursive-alias", f"'*{event.anchor}' stands inside what it repeats", event)
        if event.anchor not in self._anchors:
            hint = "a value that begins with '*' must be quoted"
            raise _unreadable("unknown-alias", f"nothing is marked '&{event.anchor}' before this place", event, hint)
        return self._anchors[event.anchor]

    def _add(self, built: _Built, event: Any) -> None:
        self._size += built.size
        if self._size > MAX_NODES:
            message = f"the document unfolds to more than {MAX_NODES} values"
            raise _unreadable("too-large", message, event, "aliases ('*name') repeat all that they name")
        if len(self._stack) + built.height > MAX_DEPTH:
            raise _unreadable("too-deep", f"more than {MAX_DEPTH} levels inside one another", event)
        if self._stack:
            self._stack[-1].children.append(built)
        else:
            self._root = built.node

    def _close(self, event: Any) -> None:
        frame = self._stack.pop()
        node = self._finish(frame, event)
        size = 1 + sum(child.size for child in frame.children)
        height = 1 + max((child.height for child in frame.children), default=0)
        built = _Built(node, size, height)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = built
        # The children were counted when they came.
        self._size -= size - 1
        self._add(built, event)

    def _finish(self, frame: _Open, event: Any) -> Node:
        if frame.kind == "seq":
            return Sequence(tuple(child.node for child in frame.children), frame.line, frame.column)
        keys, values = frame.children[::2], frame.children[1::2]
        merged: list[Entry] = []
        own: dict[object, Entry] = {}
        for key, value in zip(keys, values, strict=True):
            if key.merge:
                merged += self._merged(value.node)
            else:
                self._put(own, Entry(_expect_scalar(key.node), value.node))
        together = {_identity(entry.key): entry for entry in merged}
        together.update(own)
        entries = tuple(together.values())
        if frame.kind == "map":
            return Mapping(entries, frame.line, frame.column)
        texts = ", ".join(repr(entry.key.text) for entry in entries)
        text = f"{{{texts}}}" if texts else "set()"
        return Scalar("set", text, frame.line, frame.column, text)

    def _put(self, own: dict[object, Entry], entry: Entry) -> None:
        key = entry.key
        first = own.get(_identity(key))
        if first is not None:
            message = f"'{key.source}' is given twice here; this one counts, not the one in line {first.key.line}"
            self.doubts.append(Mistake("duplicate-key", message, key.line, key.column, "remove one of them"))
        own[_identity(key)] = entry

    def _merged(self, node: Node) -> list[Entry]:
        if isinstance(node, Mapping):
            return list(node.entries)
        found: list[Entry] = []
        # What comes earlier in a list counts more (yaml.org/type/merge), and the last one put in place wins.
        for item in reversed(node.items if isinstance(node, Sequence) else (node,)):
            if not isinstance(item, Mapping):
                message = "'<<' takes a mapping, or a list of mappings"
                raise Unreadable(Mistake("bad-merge", message, item.line, item.column, "for example '<<: *defaults'"))
            found += item.entries
        return found

    def _scalar(self, event: Any) -> _Built:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if tag in (_PREFIX + "merge", _PREFIX + "value"):
            # '<<' and '=' mean something as keys only; PyYAML has no value for them elsewhere.
            scalar = Scalar("str", event.value, line, column, event.value)
            return _Built(scalar, merge=tag.endswith("merge"))
        value = self._construct(tag, event)
        try:
            text = str(value)
            text.encode()
        except ValueError as problem:
            message = "this value is too long, or not made of characters"
            raise _unreadable("unreadable-value", message, event) from problem
        if "\0" in text:
            message = "a NUL character cannot be part of a command or of a file name"
            raise _unreadable("control-character", message, event, "remove the '\\0'")
        return _Built(Scalar(_TYPES[type(value).__name__], text, line, column, event.value, event.style or ""))

    def _construct(self, tag: str, event: Any) -> Value:
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        try:
            return self.loader.construct_object(node, deep=True)
        except yaml.constructor.ConstructorError as problem:
            raise _unknown_tag(tag, event) from problem
        except (ValueError, ArithmeticError, LookupError, AttributeError, TypeError) as problem:
            kind = {"timestamp": "date", "int": "whole number", "float": "number", "bool": "truth value"}
            short = event.value[:40] + ("..." if len(event.value) > 40 else "")
            message = f"'{short}' is not a possible {kind.get(tag.removeprefix(_PREFIX), 'value')}"
            raise _unreadable("unreadable-value", message, event, "quote it if it is meant as text") from problem


def _collection_kind(event: Any) -> str:
    kind = "seq" if isinstance(event, yaml.SequenceStartEvent) else "map"
    if event.tag in (None, "!", _PREFIX + kind):
        return kind
    if kind == "map" and event.tag == _PREFIX + "set":
        return "set"
    raise _unknown_tag(event.tag, event)


def _expect_scalar(key: Node) -> Scalar:
    if isinstance(key, Scalar) and key.type != "set":
        return key
    hint = "a value that begins with '{' or '[' must be quoted" if isinstance(key, (Mapping, Sequence)) else None
    raise Unreadable(Mistake("bad-key", "a list or mapping cannot be a key", key.line, key.column, hint))


def _identity(key: Scalar) -> object:
    """Equal for the keys that a Python dict takes for the same: 1, 1.0 and True are."""
    return value_of(key) if key.type in ("str", "int", "float", "bool") else (key.type, key.text)


def _unreadable(code: str, message: str, event: Any, hint: str | None = None) -> Unreadable:
    return Unreadable(Mistake(code, message, event.start_mark.line + 1, event.start_mark.column + 1, hint))


def _unknown_tag(tag: str, event: Any) -> Unreadable:
    shown = tag.replace(_PREFIX, "!!")
    hint = "remove it; a text that begins with '!' must be quoted"
    return _unreadable("unknown-tag", f"the tag '{shown}' has no meaning here", event, hint)


_EXPLANATIONS = (
    # What PyYAML and libyaml say (a pattern), what it means, what to do. The first that matches is told.
    (
        r"any token at '\\t'|\btab character",
        "a tab cannot be used for indentation",
        "YAML is indented with spaces only; replace each tab by spaces",
    ),
    (
        r"quoted scalar.*unexpected end of stream",
        "the quote that opens here is never closed",
        "add the closing quote; within double quotes write \\\" for a quote, within single quotes ''",
    ),
    (
        r"any token at '[@`]'",
        "a text cannot begin with this character unless it is quoted",
        "put quotes around the whole value",
    ),
    (r"any token at '%'", "a text cannot begin with '%' unless it is quoted", "put quotes around the whole value"),
    (
        r"unknown escape character|escape sequence|Unicode character escape",
        "within double quotes a backslash begins an escape, and this is none",
        "use single quotes, or double the backslash",
    ),
    (
        r"mapping values are not allowed",
        "a ':' is not possible here",
        "quote a text that holds ': '; otherwise compare the indentation with the line above",
    ),
    (
        r"could not find expected ':'",
        "this line is not 'key: value'",
        "a colon and a space belong after the key; otherwise compare the indentation with the lines around it",
    ),
    (
        r"flow (mapping|sequence|node)",
        "the brackets do not close where they should",
        "close every '{' and '['; entries are separated by ', '; a text that begins with one of them must be quoted",
    ),
    (
        r"block (mapping|collection)|expected <block end>|expected key|expected '-' indicator",
        "this line does not fit into the block that it stands in",
        "indent the keys of one block equally; a value that goes on after its closing quote or bracket must be quoted",
    ),
)


def _explain(problem: yaml.YAMLError, text: str) -> Mistake:
    """A YAML error in a reader's words; what the library said stays in the message."""
    parts = [getattr(problem, name, None) for name in ("context", "problem")]
    said = " ".join(part for part in parts if isinstance(part, str)) or str(problem).splitlines()[0]
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    lines = LINE_BREAK.split(text)
    character = lines[mark.line][mark.column : mark.column + 1] if mark and mark.line < len(lines) else ""
    message, hint = "this is not YAML", "compare the line with the ones around it"
    for pattern, meaning, advice in _EXPLANATIONS:
        if re.search(pattern, f"{said} at {character!r}"):
            message, hint = meaning, advice
            break
    if "simple key" in said or ("quoted scalar" in said and "end of stream" in said):
        # The place where it was noticed can be far from the place where it went wrong.
        mark = getattr(problem, "context_mark", None) or mark
    line = min(mark.line + 1 if mark else 1, len(lines))
    column = mark.column + 1 if mark and mark.line + 1 == line else len(lines[line - 1]) + 1
    return Mistake("yaml", f"{message} ({said})", line, column, hint)
