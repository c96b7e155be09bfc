"""A conda file (``conda.yaml``, ``environment.yml``) as typed values that know their lines.

The format is conda's (https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html). A
``pip:`` list may stand anywhere among the packages, more than once; the lines of all of them count, in their order.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from pathlib import Path, PurePosixPath

from reenact.environments.definition import make_errors, read_mapping, warn_unknown_keys
from reenact.environments.python.request import make_lines
from reenact.environments.python.requirement_lines import Line
from reenact.errors import ProjectError
from reenact.project.diagnostics import Diagnostic, Position
from reenact.project.nodes import Mapping, Node, Scalar, Sequence, describe
from reenact.values import NamedTuple
from reenact.world import World

KEYS = ("name", "prefix", "channels", "dependencies", "variables", "platforms", "category", "channel_priority")
RESERVED = ("PATH",)
"""Variables that conda does not let a file set."""


class Item(NamedTuple):
    """One entry of a list, as its author wrote it, and where."""

    text: str
    position: Position


class CondaFile(NamedTuple):
    """What the file says; ``path`` is relative to the project's folder. conda runs pip in the folder of the file."""

    path: str
    name: str | None = None
    channels: tuple[Item, ...] = ()
    packages: tuple[Item, ...] = ()
    pip: tuple[Line, ...] = ()
    variables: MappingOf[str, str] = {}

    @property
    def folder(self) -> str:
        """Its folder, relative to the project's."""
        return str(PurePosixPath(self.path).parent)


def read_conda_file(path: str, root: Path, world: World) -> CondaFile:
    """What the conda file ``path``, relative to ``root``, says.

    Raises:
        ProjectError: it is missing or wrong; every finding is named with its line.
    """
    if not (root / path).is_file():
        message = f"the environment file '{path}' does not exist"
        raise ProjectError(f"{message}: no such file was found", hint=f"looked for {root / path}")
    mapping = read_mapping(root / path, path, world)
    warn_unknown_keys(mapping, KEYS, path, world)
    reading = _Reading(path, root)
    reading.take_channels(mapping.find("channels"))
    reading.take_dependencies(mapping.find("dependencies"))
    reading.take_variables(mapping.find("variables"))
    for doubt in reading.doubts:
        world.report.found(doubt)
    if reading.wrong:
        raise make_errors(tuple(reading.wrong))
    name = mapping.find("name")
    return CondaFile(
        path,
        name.source if isinstance(name, Scalar) else None,
        tuple(reading.channels),
        tuple(reading.packages),
        tuple(reading.pip),
        reading.variables,
    )


class _Reading:
    """What was read, and what was found wrong, so far."""

    def __init__(self, path: str, root: Path) -> None:
        self.path = path
        self.root = root
        self.channels: list[Item] = []
        self.packages: list[Item] = []
        self.pip: list[Line] = []
        self.variables: dict[str, str] = {}
        self.wrong: list[Diagnostic] = []
        self.doubts: list[Diagnostic] = []

    def take_channels(self, node: Node | None) -> None:
        self.channels += self._texts(node, "channels", "a channel")

    def take_dependencies(self, node: Node | None) -> None:
        for item in self._items(node, "dependencies"):
            if isinstance(item, Mapping):
                self._take_lists(item)
            else:
                self.packages += self._text(item, "a conda package")

    def take_variables(self, node: Node | None) -> None:
        if node is not None and not isinstance(node, Mapping):
            self._refuse(node, f"'variables' is {describe(node)}; expected 'NAME: value' pairs")
        for key, value in node.entries if isinstance(node, Mapping) else ():
            if not isinstance(value, Scalar):
                self._refuse(value, f"the variable '{key.source}' is {describe(value)}; expected a text")
            elif not key.source or "=" in key.source:
                self._refuse(key, f"'{key.source}' is not the name of a variable")
            elif key.source in RESERVED:
                message = f"the variable '{key.source}' is ignored, as conda does: it leads to the environment"
                position = Position(self.path, key.line, key.column)
                self.doubts.append(Diagnostic("warning", "reserved-variable", message, position))
            else:
                self.variables[key.source] = value.source

    def _take_lists(self, item: Mapping) -> None:
        for key, value in item.entries:
            if key.source == "pip" and isinstance(value, Scalar) and value.is_null:
                message = "this 'pip:' list is empty: entries that follow it are conda packages"
                position = Position(self.path, key.line, key.column)
                hint = "indent its lines further than 'pip:'"
                self.doubts.append(Diagnostic("warning", "empty-pip", message, position, hint=hint))
            elif key.source == "pip":
                for line in self._texts(value, "pip", "a requirement line"):
                    self.pip += make_lines(line.text, line.position, (self.root / self.path).parent)
            else:
                self._refuse(key, f"'{key.source}:' is not a list that a conda file can have", "only 'pip:' is")

    def _texts(self, node: Node | None, key: str, what: str) -> list[Item]:
        return [text for item in self._items(node, key) for text in self._text(item, what)]

    def _items(self, node: Node | None, key: str) -> tuple[Node, ...]:
        if isinstance(node, Mapping):
            self._refuse(node, f"'{key}' is {describe(node)}; expected a list", "put '- ' before each entry")
            return ()
        if isinstance(node, Scalar):
            return (node,)
        return node.items if isinstance(node, Sequence) else ()

    def _text(self, node: Node, what: str) -> list[Item]:
        if not isinstance(node, Scalar):
            self._refuse(node, f"{describe(node)} is not {what}")
            return []
        text = node.source.strip()
        return [Item(text, Position(self.path, node.line, node.column))] if text and not node.is_null else []

    def _refuse(self, node: Node, message: str, hint: str | None = None) -> None:
        position = Position(self.path, node.line, node.column)
        self.wrong.append(Diagnostic("error", "bad-conda-file", message, position, hint=hint))
