"""What a person at a terminal sees of us: all on stderr, so that stdout belongs to the program or to the answer."""

from __future__ import annotations

import os
import sys

from reenact.codec import to_plain
from reenact.errors import UsageError
from reenact.hints import TYPE_CHECKING
from reenact.json_text import render_json
from reenact.project.diagnostics import Diagnostic, Position, render_diagnostic, visible
from reenact.report import Report
from reenact.world import World, make_world

if TYPE_CHECKING:
    from typing import TextIO


def print_error(message: str, hint: str | None = None) -> None:
    """What happened, and below it what to do."""
    print(f"error: {harmless(message)}", file=sys.stderr)
    if hint:
        print(f"  hint: {harmless(hint)}".replace("\n", "\n        "), file=sys.stderr)


def harmless(text: str) -> str:
    """The text in its lines, with all else that a terminal would obey written as an escape: it may quote a project."""
    return text if text.isprintable() else "\n".join(map(harmless_line, text.split("\n")))


def harmless_line(line: str) -> str:
    """The same of one line. A tab stays, since a caret below it goes by it."""
    return "\t".join(map(visible, line.split("\t")))


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    text = render_json(to_plain(value), indent="  ", ascii_only=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = render_json(to_plain(value), indent="  ")
    print(text)


def place_as_plain(position: Position | None) -> dict[str, object]:
    """A place in a file as three keys of an object for :func:`print_json`; None where there is none."""
    return position._asdict() if position else dict.fromkeys(Position._fields)


class Lines:
    """A report as plain lines, for pipes and logs; a step is told when its name changes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._step = ""

    def note(self, message: str) -> None:
        """A line."""
        self._print(harmless(message))

    def warn(self, message: str) -> None:
        """A line that says that it is a warning."""
        self._print(f"warning: {harmless(message)}")

    def found(self, diagnostic: Diagnostic) -> None:
        """The finding with its place."""
        self._print(render_diagnostic(diagnostic))

    def step(self, name: str, detail: str = "") -> None:
        """A line for the beginning of each step."""
        if name != self._step:
            self._step = name
            self._print(harmless(f"{name} {detail}".rstrip()))

    def done(self) -> None:
        """Forget the step."""
        self._step = ""

    def said(self, line: str) -> None:
        """Nothing: the run folder keeps it."""

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class Terminal(Lines):
    """A report for people: a step is one line that is written over until the work is done."""

    def step(self, name: str, detail: str = "") -> None:
        """Write over the current line, cut to the terminal's width."""
        # A terminal that nobody told its size says that it has no columns.
        width = os.get_terminal_size(self._stream.fileno()).columns or 80
        text = visible(f"{name} {detail}".replace("\n", " ").rstrip())
        self._stream.write(f"\r\x1b[K{text[: width - 1]}")
        self._stream.flush()
        self._step = name

    def done(self) -> None:
        """Take the line away."""
        if self._step:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._step = ""

    def _print(self, text: str) -> None:
        self.done()
        super()._print(text)


class Hushed(Lines):
    """A report of which only the warnings are printed."""

    def note(self, message: str) -> None:
        """Nothing."""

    def step(self, name: str, detail: str = "") -> None:
        """Nothing."""


def make_report(*, quiet: bool = False) -> Report:
    """The report that fits where stderr goes."""
    if quiet:
        return Hushed(sys.stderr)
    return Terminal(sys.stderr) if sys.stderr.isatty() else Lines(sys.stderr)


def console_world(env_file: str | None = None) -> World:
    """The world of a command line, with the variables of a dotenv file where the caller has not set them.

    Raises:
        UsageError: the file cannot be read, or the current directory is gone.
    """
    environ = os.environ if env_file is None else {**read_env_file(env_file), **os.environ}
    return make_world(make_report(), environ)


def read_env_file(file: str) -> dict[str, str]:
    """The variables that a dotenv file sets; ``${NAME}`` in it means the caller's first, as in MLflow.

    Raises:
        UsageError: it cannot be read.
    """
    from dotenv.main import DotEnv

    try:
        with open(file, encoding="utf-8") as text:
            found = DotEnv(None, stream=text, override=False).dict()
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"cannot read the variables in {file}: {problem}") from problem
    return {name: value for name, value in found.items() if value is not None}


def ask(question: str) -> bool:
    """Whether the person at the terminal says yes."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
