"""Tracing by strace(1): every program of a command, whatever it is written in. Linux only.

The tracer is a grandchild (``-D``), so that the command stays our own child: its number, its exit code and its signals
are what they are without. Only the calls that matter stop it (``--seccomp-bpf``).
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from reenact.trace.events import Event

NAME = "strace"
CALLS = (
    "open,openat,openat2,creat,execve,connect,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mkdir,mkdirat"
    ",truncate"
)

_LINE = re.compile(r"(\d+)\.(\d{6}) (\w+)\((.*)\) += (-?\d+)(.*)\Z")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_FOLDER = re.compile(r"(?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)>(?:\(deleted\))?, \"")
_OPENED = re.compile(r"<((?:\\x[0-9a-f]{2})+)>")
_INTERNET = re.compile(r"sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )\"((?:\\x[0-9a-f]{2})*)\"")
_UNIX = re.compile(r"sun_path=(@?)\"((?:\\x[0-9a-f]{2})*)\"")
_IN_PROGRESS = "EINPROGRESS"


def make_argv(program: str, folder: Path, argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command under strace, each of its processes with a file of its own in ``folder``."""
    options = ("-D", "-f", "-ff", "--seccomp-bpf", "-qqq", "-ttt", "-yy", "-xx", "-s", "8192", "-e", "signal=none")
    return (program, *options, "-e", f"trace={CALLS}", "-o", str(folder / "calls"), "--", *argv)


def read_strace_events(folder: Path) -> list[Event]:
    """What strace wrote into this folder. A line that is cut short, or that this does not know, is left out."""
    events: list[Event] = []
    for entry in os.scandir(folder):
        if entry.is_file(follow_symlinks=False):
            with open(entry.path, encoding="ascii", errors="replace") as file:
                for line in file:
                    events += parse_line(line)
    return sorted(events)


def parse_line(line: str) -> Iterator[Event]:
    """What one line says, if anything."""
    found = _LINE.match(line.rstrip("\n"))
    if found is None:
        return
    seconds, micros, call, arguments, result, rest = found.groups()
    moment = int(seconds) * 1_000_000_000 + int(micros) * 1000
    failed = result == "-1"
    if call == "connect":
        if not failed or _IN_PROGRESS in rest:
            yield from _read_contact(moment, arguments)
    elif failed:
        return
    elif call in ("open", "openat", "openat2", "creat"):
        yield from _read_open(moment, call, arguments, rest)
    elif call == "execve":
        yield from (Event(moment, "p", (text,)) for text in _list_texts(arguments)[:1])
    elif call.startswith("rename"):
        yield from _read_pair(moment, arguments)
    elif call.startswith(("link", "symlink", "mkdir")):
        yield from (Event(moment, "w", (text,)) for text in _list_paths(arguments)[-1:])
    elif call == "truncate":
        yield from (Event(moment, "b", (text,)) for text in _list_paths(arguments)[:1])


def _read_open(moment: int, call: str, arguments: str, rest: str) -> Iterator[Event]:
    opened = _OPENED.search(rest)
    # Without a name it is a pipe or a socket; a mark after the name tells a device.
    if opened is None or "<char " in rest or "<block " in rest or "O_DIRECTORY" in arguments or "O_PATH" in arguments:
        return
    kind = "r"
    if "O_WRONLY" in arguments or call == "creat":
        kind = "w"
    elif "O_RDWR" in arguments:
        kind = "w" if "O_TRUNC" in arguments or "O_EXCL" in arguments else "b"
    yield Event(moment, kind, (_decode(opened[1]),))


def _read_pair(moment: int, arguments: str) -> Iterator[Event]:
    paths = _list_paths(arguments)
    if len(paths) == 2:
        yield Event(moment, "m", tuple(paths))


def _read_contact(moment: int, arguments: str) -> Iterator[Event]:
    if (found := _INTERNET.search(arguments)) is not None:
        if found[1] != "0":
            yield Event(moment, "c", (_decode(found[2]), found[1], ""))
    elif (found := _UNIX.search(arguments)) is not None:
        yield Event(moment, "c", ("\0" * bool(found[1]) + _decode(found[2]), "", ""))


def _list_paths(arguments: str) -> list[str]:
    """The paths among the arguments, each below the folder that stands before it."""
    paths = []
    for found in _TEXT.finditer(arguments):
        before = arguments[: found.start() + 1]
        folder = [each for each in _FOLDER.finditer(before) if each.end() == len(before)]
        text = _decode(found[1])
        paths.append(os.path.join(_decode(folder[0][1]), text) if folder else text)
    return paths


def _list_texts(arguments: str) -> list[str]:
    return [_decode(found[1]) for found in _TEXT.finditer(arguments)]


def _decode(text: str) -> str:
    return os.fsdecode(bytes.fromhex(text.replace("\\x", "")))
