"""A command line's words read as GNU's getopt and click read them, and argparse for types, defaults, choices and help.

argparse alone takes a word that begins with a dash for an option wherever it stands. Here an option that needs a value
has the next word, whatever that looks like (``-P -x=1``), and options may stand between operands.
"""

from __future__ import annotations

import os
from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NoReturn, TypeVar

from reenact.errors import UsageError

N = TypeVar("N", bound=Namespace)

Answers = Literal["runs", "entry points", "files"]
"""What completes a value that is none of a few words (:mod:`reenact.cli.complete`)."""

_WIDEST = 100
_MARKS = {None: "{}", "?": "[{}]", "*": "[{}]...", "+": "{}..."}


class Parser(ArgumentParser):
    """The options and operands of one command, with its errors in our style.

    An option is named in full; its last name is its long one.
    """

    def __init__(self, prog: str, description: str) -> None:
        self.options: dict[str, Action] = {}
        self.operands: list[Action] = []
        self.completions: dict[str, Answers] = {}
        super().__init__(prog, None, description, formatter_class=_Formatter, add_help=False, allow_abbrev=False)
        self.add_argument("-h", "--help", action="help", help="Show this message and exit.")

    def add_argument(self, *names: str, complete: Answers | None = None, **settings: Any) -> Action:
        """As argparse's; ``complete`` says what a shell may put in the value's place."""
        if settings.get("action", "append") == "append":
            settings.setdefault("type", _restore)
        action = super().add_argument(*names, **settings)
        if action.option_strings:
            self.options.update(dict.fromkeys(action.option_strings, action))
        else:
            self.operands.append(action)
        if complete is not None:
            self.completions[action.dest] = complete
        return action

    def parse(self, words: Iterable[str], options: N) -> N:
        """``options`` with what the words say, and the defaults for what they do not say.

        Raises:
            UsageError: they cannot be read; the hint names what was meant, or where help is.
            SystemExit: they ask for help or the version, which is printed.
        """
        arranged = arrange(words, self)
        given = len(arranged) - arranged.index("--") - 1 if "--" in arranged else 0
        missing = [action for action in self.operands if action.nargs in (None, "+")][given:]
        if missing and "--help" not in arranged:
            self.error(f"Missing argument '{missing[0].metavar}'.")
        return self.parse_args(arranged, options)

    def get_option(self, name: str) -> Action:
        """The option of that name.

        Raises:
            UsageError: there is none.
        """
        if name in self.options:
            return self.options[name]
        from reenact.project.nearest import did_you_mean

        raise UsageError(f"No such option: {name}", hint=did_you_mean(name, self.options) or self.where_help_is)

    @property
    def where_help_is(self) -> str:
        """The hint that is always right."""
        return f"{self.prog} --help tells more"

    def error(self, message: str) -> NoReturn:
        """Raise what argparse found."""
        raise UsageError(message, hint=self.where_help_is)

    def format_help(self) -> str:
        """The help, with the options in short in the first line."""
        if self.usage is None:
            operands = [_MARKS[action.nargs].format(action.metavar) for action in self.operands]  # type: ignore[index]
            self.usage = " ".join([self.prog, "[OPTIONS]", *operands])
        return super().format_help()


class _Formatter(RawDescriptionHelpFormatter):
    """argparse makes one for each argument, and would import much to learn how wide the terminal is."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=min(_find_width(), _WIDEST))


def _find_width() -> int:
    try:
        return os.get_terminal_size().columns - 2
    except OSError:
        return _WIDEST


def read_words(words: Iterator[str], parser: Parser) -> Iterator[tuple[Action | None, str]]:
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
                if takes_value(option):
                    yield _give(option, name, letters or None, words)
                    break
                yield option, ""
        else:
            yield None, word


def _give(option: Action, name: str, glued: str | None, following: Iterator[str]) -> tuple[Action, str]:
    if not takes_value(option):
        if glued is not None:
            raise UsageError(f"Option '{name}' does not take a value.")
        return option, ""
    if option.nargs == "?":
        # Its value is glued on, or is the one that it has by itself.
        return option, str(option.const) if glued is None else glued
    value = next(following, None) if glued is None else glued
    if value is None:
        raise UsageError(f"Option '{name}' requires an argument.", hint=f"{name} {option.metavar}")
    return option, value


def takes_value(option: Action) -> bool:
    """Whether a value belongs to the option; a flag has none."""
    return option.nargs != 0


def arrange(words: Iterable[str], parser: Parser) -> list[str]:
    """The same command line as argparse cannot misread it: every option by its long name with its value glued on, and
    after ``--`` the operands.

    Raises:
        UsageError: as :func:`read_words`.
    """
    options, operands = [], []
    for option, value in read_words(iter(words), parser):
        if option is None:
            operands.append(_protect(value))
        else:
            name = option.option_strings[-1]
            options.append(f"{name}={_protect(value)}" if takes_value(option) else name)
    return [*options, "--", *operands] if operands else options


_DASHES = "--\0"
"""Two dashes as a value, which argparse loses before Python 3.12.8; no word of a command line holds a NUL."""


def _protect(value: str) -> str:
    return _DASHES if value == "--" else value


def _restore(value: str) -> str:
    return "--" if value == _DASHES else value


def at_least(least: int) -> Callable[[str], int]:
    """The type of an option that is a whole number, not below ``least``."""

    def parse_count(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"'{text}' is not a whole number of at least {least}")
        return int(text)

    return parse_count


def split_at_verb(words: Sequence[str], root: Parser) -> tuple[Sequence[str], str | None, Sequence[str]]:
    """The words before the first operand, that operand, and what follows it."""
    rest = iter(words)
    verb = next((word for option, word in read_words(rest, root) if option is None), None)
    after = list(rest)
    return words[: len(words) - len(after) - (verb is not None)], verb, after
