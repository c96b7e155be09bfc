"""A YAML document as a small tree whose every node knows its place, and that tree as JSON and back."""

from reenact.hints import Any, Literal
from reenact.values import NamedTuple

ScalarType = Literal["null", "bool", "int", "float", "str", "date", "datetime", "bytes", "set"]

Value = Any
"""What ``yaml.safe_load`` gives: None, bool, int, float, str, date, datetime, bytes, set, list or dict."""


class Scalar(NamedTuple):
    """A single value. ``text`` is ``str()`` of what PyYAML's safe loader makes of it, ``source`` what was written.

    The two differ where YAML 1.1 sees more than text: ``3.10`` is the number whose text is ``3.1``. ``style`` is the
    character that YAML marks it with: ``'``, ``"``, ``|``, ``>`` or nothing. ``line`` and ``column`` count from 1.
    """

    type: ScalarType
    text: str
    line: int
    column: int
    source: str
    style: str = ""

    @property
    def is_null(self) -> bool:
        """Nothing, ``~`` or ``null`` was written."""
        return self.type == "null"


class Sequence(NamedTuple):
    """A list."""

    items: tuple["Node", ...]
    line: int
    column: int


class Entry(NamedTuple):
    """A key with its value. ``name`` is the key as it was written: ``on`` where YAML 1.1 sees True."""

    key: Scalar
    value: "Node"

    @property
    def name(self) -> str:
        """The key as it was written."""
        return self.key.source


class Mapping(NamedTuple):
    """Keys with their values, each key once, in the order in which they were written."""

    entries: tuple[Entry, ...]
    line: int
    column: int

    def find_entry(self, name: str) -> Entry | None:
        """The entry whose key is this text."""
        for entry in self.entries:
            if entry.key.text == name and entry.key.type == "str":
                return entry
        return None

    def find(self, name: str) -> "Node | None":
        """The value under this key; a null value is as good as an absent one."""
        entry = self.find_entry(name)
        return None if entry is None or is_null(entry.value) else entry.value


Node = Scalar | Sequence | Mapping


def is_null(node: Node) -> bool:
    """Whether nothing was written there."""
    return isinstance(node, Scalar) and node.is_null


def describe(node: Node) -> str:
    """What a node is, in a person's words: ``the number 5``, ``a list``, ``nothing``."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    short = node.source if len(node.source) <= 40 else f"{node.source[:37]}..."
    short = short.replace("\n", " ")
    kinds = {
        "null": "nothing",
        "bool": f"the truth value {short}",
        "int": f"the number {short}",
        "float": f"the number {short}",
        "str": f"the text '{short}'",
        "date": f"the date {short}",
        "datetime": f"the time {short}",
        "bytes": "binary data",
        "set": "a set",
    }
    return kinds[node.type]


def text_of(node: Node) -> str:
    """``str()`` of the value, as MLflow puts a default into a command."""
    return node.text if isinstance(node, Scalar) else str(value_of(node))


def value_of(node: Node) -> Value:
    """The value as ``yaml.safe_load`` gives it."""
    if isinstance(node, Mapping):
        return {value_of(entry.key): value_of(entry.value) for entry in node.entries}
    if isinstance(node, Sequence):
        return [value_of(item) for item in node.items]
    match node.type:
        case "null":
            return None
        case "bool":
            return node.text == "True"
        case "int":
            return int(node.text)
        case "float":
            return float(node.text)
        case "str":
            return node.text
    return _rare_value(node)


def _rare_value(node: Scalar) -> Value:
    if node.type in ("date", "datetime"):
        import datetime  # nearly no project file holds a date

        kind = datetime.date if node.type == "date" else datetime.datetime
        return kind.fromisoformat(node.text)
    from ast import literal_eval  # nor bytes or a set

    return set() if node.text == "set()" else literal_eval(node.text)


def to_json(node: Node) -> list[Any]:
    """The tree as lists that :func:`from_json` reads."""
    if isinstance(node, Scalar):
        return ["=", *node]
    if isinstance(node, Sequence):
        return ["-", [to_json(item) for item in node.items], node.line, node.column]
    return [":", [[to_json(key), to_json(value)] for key, value in node.entries], node.line, node.column]


def from_json(plain: Any) -> Node:
    """The inverse of :func:`to_json`; anything may be raised for what it did not write."""
    kind, first, *rest = plain
    if kind == "=":
        return Scalar(first, *rest)
    if kind == "-":
        return Sequence(tuple(map(from_json, first)), *rest)
    entries = (Entry(Scalar(*key[1:]), from_json(value)) for key, value in first)
    return Mapping(tuple(entries), *rest)
