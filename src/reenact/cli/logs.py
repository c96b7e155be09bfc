"""``reenact logs``."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Iterator
from contextlib import suppress

from reenact.cli.given import add_json, add_run
from reenact.cli.parser import Namespace, Parser, at_least
from reenact.hints import TYPE_CHECKING
from reenact.records.log import Entry, parse_entry, read_entries
from reenact.run_folder import RunFolder
from reenact.values import NamedTuple
from reenact.world import World

if TYPE_CHECKING:
    from typing import BinaryIO

_SHORTEST, _LONGEST = 0.01, 0.25


class Form(NamedTuple):
    """How an entry is printed."""

    timestamps: bool = False
    as_json: bool = False


class Given(Namespace):
    """The command line's words."""

    run: str
    follow: bool
    timestamps: bool
    tail: int | None
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.epilog = "What it printed to stdout goes to stdout, and what it printed to stderr to stderr."
    add_run(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="Go on until the run ends.")
    parser.add_argument("-t", "--timestamps", action="store_true", help="Put the moment before every line.")
    parser.add_argument("-n", "--tail", type=at_least(0), metavar="N", help="Begin with the last N lines.")
    add_json(parser, "An object a line: time, stream, text.")


def run(given: Given, world: World) -> int:
    """Print the log."""
    from reenact.records.lookup import get_run

    folder = get_run(given.run, world)
    out = Output(Form(given.timestamps, given.as_json))
    tail = given.tail
    try:
        for entry in follow_log(folder, world, tail) if given.follow else read_log(folder, tail):
            if entry is None:
                out.flush()
            else:
                out.write(entry)
        out.flush()
    except BrokenPipeError:
        # Nobody reads any more; what is left in the buffer must not be tried again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise
    return 0


class Output:
    """Our stdout and stderr, in the order in which the entries come."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._inside: dict[str, bool] = {}
        self._last: BinaryIO | None = None

    def write(self, entry: Entry) -> None:
        """Print the entry where it belongs."""
        file: BinaryIO = sys.stderr.buffer if entry.stream == "stderr" and not self._form.as_json else sys.stdout.buffer
        if self._last is not None and file is not self._last:
            self._last.flush()
        self._last = file
        file.write(self._render(entry))

    def flush(self) -> None:
        """Let everything be seen."""
        if self._last is not None:
            self._last.flush()

    def _render(self, entry: Entry) -> bytes:
        if self._form.as_json:
            text = entry.printed.decode("utf-8", "replace")
            return json.dumps({"time": entry.time, "stream": entry.stream, "text": text}).encode() + b"\n"
        if not self._form.timestamps:
            return entry.printed
        inside = self._inside.get(entry.stream, False)
        self._inside[entry.stream] = not entry.full
        return entry.printed if inside else entry.time.encode() + b" " + entry.printed


def read_log(folder: RunFolder, tail: int | None = None) -> Iterator[Entry | None]:
    """Every entry there is, or those of the last ``tail`` lines. No log, no entries."""
    if not folder.log.exists():
        return
    with open(folder.log, "rb") as file:
        if tail is not None:
            seek_tail(file, tail)
        yield from read_entries(file)


def follow_log(folder: RunFolder, world: World, tail: int | None = None) -> Iterator[Entry | None]:
    """Every entry until the run ends, None whenever there is nothing new; returns at once when nobody reads stdout."""
    from reenact.records.life import settle

    def ended() -> bool:
        return settle(folder, world).state.final

    pause = Pause()
    while not folder.log.exists() and not ended():
        yield None
        pause.wait()
    if not folder.log.exists():
        return
    with open(folder.log, "rb") as file:
        if tail is not None:
            seek_tail(file, tail)
        for entry in read_entries(file, ended):
            yield entry
            if entry is None:
                pause.wait()
            else:
                pause.restart()


class Pause:
    """Waiting that grows from a hundredth of a second to a quarter, and ends when stdout's reader goes away."""

    def __init__(self) -> None:
        self._seconds = _SHORTEST
        self._poll = select.poll()
        with suppress(OSError, ValueError):
            self._poll.register(sys.stdout.fileno(), 0)  # errors are always told

    def restart(self) -> None:
        """Something happened: look again soon."""
        self._seconds = _SHORTEST

    def wait(self) -> None:
        """Wait.

        Raises:
            BrokenPipeError: nobody reads stdout any more.
        """
        if any(event & (select.POLLERR | select.POLLNVAL) for _, event in self._poll.poll(self._seconds * 1000)):
            raise BrokenPipeError
        self._seconds = min(_LONGEST, self._seconds * 1.5)


def seek_tail(file: BinaryIO, count: int) -> None:
    """Put ``file`` where its last ``count`` printed lines begin. A last line that has not ended yet is one too."""
    start = file.seek(0, os.SEEK_END)
    printed, newest = 0, True
    for offset, line in _read_backwards(file):
        entry = parse_entry(line)
        if entry is None:
            continue
        printed += entry.full or newest
        newest = False
        if printed > count:
            break
        start = offset
    file.seek(start)


def _read_backwards(file: BinaryIO, block: int = 1 << 16) -> Iterator[tuple[int, bytes]]:
    """The lines of a file from the last to the first, each with the offset at which it begins."""
    at = file.seek(0, os.SEEK_END)
    held = b""
    while at > 0:
        size = min(block, at)
        at = file.seek(at - size)
        held = file.read(size) + held
        end = len(held)
        while (cut := held.rfind(b"\n", 0, end - 1)) >= 0:
            yield at + cut + 1, held[cut + 1 : end]
            end = cut + 1
        held = held[:end]
    if held:
        yield 0, held
