"""What an entry point starts: the scripts that its command names, and the project's own modules that these import.

Everything is read from the text. A script that is found in no command is no part of a run, and is not looked at.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from reenact.doctor.modules import Module, parse_module
from reenact.doctor.shell_words import Simple, split_commands
from reenact.doctor.text import Unreadable, find_text, is_file, read_text
from reenact.project.types import EntryPoint
from reenact.values import NamedTuple

MOST_FILES = 1000
MOST_BYTES = 6 << 20
"""How much is read of all programs together: as much as can be parsed in a few seconds."""

_PYTHON = r"python[\d.]*|pypy[\d.]*|torchrun|accelerate|deepspeed"
_SCRIPT = r"[\w@%+=:,./-]+\.py"


class Program(NamedTuple):
    """One Python script with all of the project's modules that it leads to; its own is the first."""

    entry_point: str
    modules: tuple[Module, ...]


class Started(NamedTuple):
    """What the entry points lead to. ``commands`` are (entry point, file or '' for the project file, commands) in the
    order in which they were found; ``notebooks`` (entry point, file); ``unread`` says of files why they are not read,
    ``broken`` are those of them that are started and not only imported."""

    programs: tuple[Program, ...]
    commands: tuple[tuple[str, str, tuple[Simple, ...]], ...]
    notebooks: tuple[tuple[str, str], ...]
    unread: Mapping[str, str]
    broken: tuple[str, ...] = ()


def find_started(entry_points: tuple[EntryPoint, ...], root: Path) -> Started:
    """Everything that these entry points of the project in ``root`` start, as far as their text tells."""
    search = _Search(root)
    for entry_point in entry_points:
        search.take(entry_point.name, "", entry_point.command, _list_defaults(entry_point))
    return Started(
        tuple(search.programs), tuple(search.commands), tuple(search.notebooks), search.unread, tuple(search.broken)
    )


class _Search:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.programs: list[Program] = []
        self.commands: list[tuple[str, str, tuple[Simple, ...]]] = []
        self.notebooks: list[tuple[str, str]] = []
        self.unread: dict[str, str] = {}
        self.broken: list[str] = []
        self.modules: dict[tuple[str, bool], Module | None] = {}
        self.bytes_left = MOST_BYTES
        self.is_full = False
        self.seen: set[str] = set()

    def take(self, entry_point: str, file: str, text: str, values: Mapping[str, str]) -> None:
        """The commands of a text, which stands in ``file`` or in the project file; ``values`` are for placeholders."""
        commands = split_commands(text)
        self.commands.append((entry_point, file, commands))
        folder = ""
        for command in (_fill(command, values) for command in commands):
            if command.words[0] == "cd" and len(command.words) > 1:
                folder = posixpath.normpath(posixpath.join(folder, command.words[1]))
                continue
            self._take_command(entry_point, command, folder)

    def _take_command(self, entry_point: str, command: Simple, folder: str) -> None:
        for number, word in enumerate(command.words):
            name = self._find_file(word, folder)
            if name is None and word == "-m" and re.fullmatch(_PYTHON, command.program.lower()):
                name = self._find_module(command.words[number + 1 : number + 2], folder)
            if name is None or name in self.seen:
                continue
            self.seen.add(name)
            if name.endswith(".py"):
                self._take_script(entry_point, name)
            elif name.endswith(".ipynb"):
                self.notebooks.append((entry_point, name))
            elif text := find_text(self.root / name):
                self.take(entry_point, name, text, {})

    def _find_file(self, word: str, folder: str) -> str | None:
        if not word.endswith((".py", ".sh", ".ipynb")) or len(word) > 255 or word.startswith(("/", "-", "http")):
            return None
        for base in dict.fromkeys((folder, "")):
            name = posixpath.normpath(posixpath.join(base, word))
            if not name.startswith("..") and is_file(self.root / name):
                return name
        return None

    def _find_module(self, words: tuple[str, ...], folder: str) -> str | None:
        if not words or not re.fullmatch(r"[\w.]+", words[0]):
            return None
        inside = words[0].replace(".", "/")
        names = (f"{base}{inside}{end}" for base in (f"{folder}/" if folder else "", "", "src/") for end in _ENDS)
        return next((name for name in map(posixpath.normpath, names) if is_file(self.root / name)), None)

    def _take_script(self, entry_point: str, name: str) -> None:
        first = self._read(name, is_main=True)
        if first is None:
            self.broken.append(name)
            return
        found: dict[str, Module] = {name: first}
        waiting = [first]
        while waiting:
            module = waiting.pop()
            for other in self._find_imported(module, posixpath.dirname(name)):
                if other not in found and (read := self._read(other)) is not None:
                    found[other] = read
                    waiting.append(read)
        self.programs.append(Program(entry_point, tuple(found.values())))
        for module in found.values():
            for other in _find_scripts(module):
                inside = self._find_file(other, "")
                if inside is not None and inside not in self.seen and inside not in found:
                    self.seen.add(inside)
                    self._take_script(entry_point, inside)

    def _read(self, name: str, *, is_main: bool = False) -> Module | None:
        if (name, is_main) not in self.modules:
            self.modules[name, is_main] = self._parse(name, is_main=is_main)
        return self.modules[name, is_main]

    def _parse(self, name: str, *, is_main: bool) -> Module | None:
        if len(self.modules) >= MOST_FILES or self.bytes_left <= 0:
            if not self.is_full:
                self.unread[name] = "there is more code than is looked at, and here it ends"
            self.is_full = True
            return None
        try:
            text = read_text(self.root / name)
            self.bytes_left -= len(text)
            return parse_module(name, text, is_main=is_main)
        except (Unreadable, ValueError) as problem:
            self.unread[name] = str(problem)
            return None

    def _find_imported(self, module: Module, start: str) -> Iterator[str]:
        """The files of the project that a module imports; ``start`` is the folder of the script that runs."""
        own = posixpath.dirname(module.file)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                yield from self._find_dotted([alias.name for alias in node.names], (start, "", "src"))
            elif isinstance(node, ast.ImportFrom):
                bases: tuple[str, ...] = (start, "", "src")
                if node.level:
                    bases = (posixpath.normpath(posixpath.join(own or ".", *[".."] * (node.level - 1))),)
                lead = [node.module] if node.module else []
                yield from self._find_dotted([".".join((*lead, alias.name)) for alias in node.names], bases)

    def _find_dotted(self, names: list[str], bases: tuple[str, ...]) -> Iterator[str]:
        """The files that are loaded for dotted names: the packages around a module too."""
        for base in dict.fromkeys(bases):
            for name in names:
                parts = name.split(".")
                for count in range(1, len(parts) + 1):
                    for end in _ENDS[:2]:
                        file = posixpath.normpath(posixpath.join(base, "/".join(parts[:count]) + end))
                        if not file.startswith(("..", "/")) and is_file(self.root / file):
                            yield file


def _list_defaults(entry_point: EntryPoint) -> dict[str, str]:
    return {parameter.name: parameter.default for parameter in entry_point.parameters if parameter.default}


def _fill(command: Simple, values: Mapping[str, str]) -> Simple:
    words = (re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), word) for word in command.words)
    return command._replace(words=tuple(words))


_ENDS = (".py", "/__init__.py", "/__main__.py")


def _find_scripts(module: Module) -> Iterator[str]:
    """The scripts that a program starts as programs of their own."""
    for call in module.calls:
        if call.name.startswith(("subprocess.", "os.system", "os.popen", "os.exec", "os.spawn")):
            for node in ast.walk(call.node):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 500:
                    yield from re.findall(_SCRIPT, node.value)
