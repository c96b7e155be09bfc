"""A command line's words, read as GNU's getopt and click read them.

An option that needs a value has the next word, whatever that looks like (``-P -x=1``), and options may stand between
operands. Options are declared as for argparse; argparse itself, whose import takes as long as all the reading, only
writes the help.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from reenact.errors import UsageError
from reenact.hints import TYPE_CHECKING, Any, Literal, TypeVar
from reenact.values import NamedTuple

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from typing import NoReturn, TextIO

N = TypeVar("N", bound="Namespace")

Answers = Literal["runs", "entry points", "files"]
"""What completes a value that is none of a few words (:mod:`reenact.cli.complete`)."""

HIDDEN = "==SUPPRESS=="
"""As the help of an option: it is not shown."""

_WIDEST = 100
_MARKS = {None: "{}", "?": "[{}]", "*": "[{}]...", "+": "{}..."}
_FLAGS = ("store_true", "help", "version")


class Namespace:
    """What a command line says, as attributes."""

    def __init__(self, **said: object) -> None:
        vars(self).update(said)

    if TYPE_CHECKING:

        def __getattr__(self, name: str, /) -> Any: ...


class Argument(NamedTuple):
    """An option, or an operand (without ``names``): the meaning of each field is argparse's."""

    names: tuple[str, ...]
    dest: str
    help: str = ""
    action: str = "store"
    metavar: str | None = None
    default: Any = None
    nargs: str | None = None
    type: Callable[[str], Any] | None = None
    choices: Sequence[str] | None = None
    const: str | None = None
    version: str | None = None

    @property
    def shown(self) -> str:
        """What it is called in a message."""
        return "/".join(self.names) or self.metavar or self.dest

    @property
    def takes_value(self) -> bool:
        """Whether a value belongs to it; a flag has none."""
        return self.action not in _FLAGS

    def settings(self) -> dict[str, Any]:
        """The same in the words of argparse."""
        said = {name: value for name, value in self._asdict().items() if value != self._field_defaults.get(name)}
        operand = {"metavar": said.get("metavar", self.dest)} if not self.names else {"dest": self.dest}
        return {**{name: value for name, value in said.items() if name not in ("names", "dest")}, **operand}


class Parser:
    """The options and operands of one command.

    An option is named in full; its last name is its long one.
    """

    def __init__(self, prog: str, description: str) -> None:
        self.prog = prog
        self.description = description
        self.usage: str | None = None
        self.epilog: str | None = None
        self.arguments: list[Argument] = []
        self.options: dict[str, Argument] = {}
        self.operands: list[Argument] = []
        self.completions: dict[str, Answers] = {}
        self.add_argument("-h", "--help", action="help", help="Show this message and exit.")

    def add_argument(self, *names: str, dest: str = "", complete: Answers | None = None, **settings: Any) -> Argument:
        """Declare one; ``complete`` says what a shell may put in the value's place."""
        of_options = names if names[0].startswith("-") else ()
        default = {"default": False} if settings.get("action") == "store_true" else {}
        dest = dest or names[-1].lstrip("-").replace("-", "_")
        argument = Argument(of_options, dest, **{**default, **settings})
        self.arguments.append(argument)
        if of_options:
            self.options.update(dict.fromkeys(of_options, argument))
        else:
            self.operands.append(argument)
        if complete is not None:
            self.completions[dest] = complete
        return argument

    def parse(self, words: Iterable[str], into: N) -> N:
        """``into`` with what the words say, and the defaults for what neither they nor it say.

        Raises:
            UsageError: they cannot be read; the hint names what was meant, or where help is.
            SystemExit: they ask for help or the version, which is printed.
        """
        said: dict[str, Any] = {}
        operands = []
        for option, value in read_words(iter(words), self):
            if option is None:
                operands.append(value)
            else:
                self._obey(option, value, said)
        said |= self._share_out(operands)
        known = vars(into)
        for argument in self.arguments:
            if argument.takes_value or argument.action == "store_true":
                default = list(argument.default) if argument.action == "append" else argument.default
                known.setdefault(argument.dest, default)
        known.update(said)
        return into

    def _obey(self, option: Argument, value: str, said: dict[str, Any]) -> None:
        if option.action == "help":
            self.print_help(sys.stdout)
            raise SystemExit(0)
        if option.action == "version":
            sys.stdout.write(f"{option.version}\n")
            raise SystemExit(0)
        if option.action == "store_true":
            said[option.dest] = True
        elif option.action == "append":
            said.setdefault(option.dest, list(option.default or ())).append(self._convert(option, value))
        else:
            said[option.dest] = self._convert(option, value)

    def _convert(self, argument: Argument, value: str) -> Any:
        if argument.choices is not None and value not in argument.choices:
            listed = ", ".join(map(repr, argument.choices))
            self.error(f"argument {argument.shown}: invalid choice: {value!r} (choose from {listed})")
        if argument.type is None:
            return value
        try:
            return argument.type(value)
        except ValueError as problem:
            self.error(f"argument {argument.shown}: {problem}")

    def _share_out(self, words: Sequence[str]) -> dict[str, Any]:
        """The words that belong to no option, each to its operand: one that takes several leaves what others need."""
        said: dict[str, Any] = {}
        least = [1 if operand.nargs in (None, "+") else 0 for operand in self.operands]
        for at, operand in enumerate(self.operands):
            free = len(words) - sum(least[at + 1 :])
            if free < least[at]:
                self.error(f"Missing argument '{operand.metavar or operand.dest}'.")
            count = min(free, 1) if operand.nargs in (None, "?") else free
            taken, words = [self._convert(operand, word) for word in words[: max(count, 0)]], words[max(count, 0) :]
            if operand.nargs in ("*", "+"):
                said[operand.dest] = taken or list(operand.default or ())
            elif taken:
                said[operand.dest] = taken[0]
        if words:
            self.error(f"unrecognized arguments: {' '.join(words)}")
        return said

    def get_option(self, name: str) -> Argument:
        """The option of that name.

        Raises:
            UsageError: there is none.
        """
        if name in self.options:
            return self.options[name]
        from reenact.project.nearest import find_nearest

        # Dashes are alike in all of them: with these, "--to" would be near to "-o".
        alike = {known.lstrip("-"): known for known in self.options if known.startswith("--") == name.startswith("--")}
        nearest = find_nearest(name.lstrip("-"), alike)
        hint = f"did you mean '{alike[nearest]}'?" if nearest else self.where_help_is
        raise UsageError(f"No such option: {name}", hint=hint)

    @property
    def where_help_is(self) -> str:
        """The hint that is always right."""
        return f"{self.prog} --help tells more"

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong."""
        raise UsageError(message, hint=self.where_help_is)

    def print_help(self, file: TextIO) -> None:
        """Write the help."""
        file.write(self.format_help())

    def format_help(self) -> str:
        """The help, with the options in short in the first line."""
        operands = [_MARKS[operand.nargs].format(operand.metavar) for operand in self.operands]
        usage = self.usage or " ".join([self.prog, "[OPTIONS]", *operands])
        writer = _make_writer(self.prog, usage, self.description, self.epilog)
        for argument in (each for each in self.arguments if each.help != HIDDEN):
            writer.add_argument(*(argument.names or (argument.dest,)), **argument.settings())
        return writer.format_help()


def _make_writer(prog: str, usage: str, description: str, epilog: str | None) -> ArgumentParser:
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    width = min(_find_width(), _WIDEST)
    return ArgumentParser(
        prog,
        usage,
        description,
        epilog,
        formatter_class=lambda prog: RawDescriptionHelpFormatter(prog, max_help_position=32, width=width),
        add_help=False,
    )


def _find_width() -> int:
    try:
        return os.get_terminal_size().columns - 2
    except OSError:
        return _WIDEST


def read_words(words: Iterator[str], parser: Parser) -> Iterator[tuple[Argument | None, str]]:
    """Each option with its value, '' for a flag; each operand with None. Reads no further than it is asked to.

    Raises:
        UsageError: there is no such option, it needs a value, or takes none.
    """
    for word in words:
        if word == "--":
            yield from ((None, operand) for operand in words)
        elif word.startswith("--"):
            name, glued, value = word.partition("=")
            yield _give(parser.get_option(name), name, value if glued else None, words)
        elif word.startswith("-") and word != "-":
            letters = word[1:]
            while letters:
                name, letters = f"-{letters[0]}", letters[1:]
                option = parser.get_option(name)
                if option.takes_value:
                    yield _give(option, name, letters or None, words)
                    break
                yield option, ""
        else:
            yield None, word


def _give(option: Argument, name: str, glued: str | None, following: Iterator[str]) -> tuple[Argument, str]:
    if not option.takes_value:
        if glued is not None:
            raise UsageError(f"Option '{name}' does not take a value.")
        return option, ""
    if option.nargs == "?":
        # Its value is glued on, or is the one that it has by itself.
        return option, (option.const or "") if glued is None else glued
    value = next(following, None) if glued is None else glued
    if value is None:
        raise UsageError(f"Option '{name}' requires an argument.", hint=f"{name} {option.metavar}")
    return option, value


def at_least(least: int) -> Callable[[str], int]:
    """The type of an option that is a whole number, not below ``least``."""

    def parse_count(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ValueError(f"'{text}' is not a whole number of at least {least}")
        return int(text)

    return parse_count


def split_at_verb(words: Sequence[str], root: Parser) -> tuple[Sequence[str], str | None, Sequence[str]]:
    """The words before the first operand, that operand, and what follows it."""
    rest = iter(words)
    verb = next((word for option, word in read_words(rest, root) if option is None), None)
    after = list(rest)
    return words[: len(words) - len(after) - (verb is not None)], verb, after
