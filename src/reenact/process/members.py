"""Which processes belong to a command: its session, its descendants, and whoever left both but carries its mark.

The mark is one ``NAME=value`` of the command's environment (a run's id, a tool's token). A process that has left the
session and cleared its environment is still known if it was seen as a descendant before.

Linux is read from ``/proc`` (proc(5)); elsewhere ``ps`` is asked.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator

from reenact.values import NamedTuple

GUARD_VARIABLE = "REENACT_GUARD"
"""Marks a watchdog, which must outlive what it watches: a command that ends what another run left keeps off it."""

_RUN_MARK = b"REENACT_RUN_ID="
_SCANS = 4
"""How often processes are listed for one answer that says that there are none."""

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Process(NamedTuple):
    """One process at one moment. ``born`` tells it from a later one of the same number; ``cpu`` is its own, in seconds.

    ``session`` is None where the system does not tell; ``memory`` is the resident set in bytes.
    """

    pid: int
    born: str
    parent: int
    group: int
    session: int | None
    ended: bool
    cpu: float
    memory: int


class Command(NamedTuple):
    """What is looked for: the leader of the session and group, and the mark in the environment of all of it."""

    leader: int
    mark: str


def find_members(
    command: Command, *, known: frozenset[tuple[int, str]] = frozenset(), young: bool = False
) -> list[Process]:
    """The living processes of the command, its leader included, whoever their parent is now.

    ``known`` are the (pid, born) that were members before. ``young`` promises that the leader was started within
    the last second, so that only process numbers given since need a look.
    """
    members: list[Process] = []
    for _ in range(_SCANS):
        born = _last_pid()
        members = _scan(command, known, young)
        # One that was born while we looked may have missed us, if its parent is gone by now.
        if members or _last_pid() == born:
            break
    return members


def _scan(command: Command, known: frozenset[tuple[int, str]], young: bool) -> list[Process]:
    table = {process.pid: process for process in list_processes(command.leader if young else 0)}
    marks = (command.mark.encode(), known, command.leader)
    verdicts = {process.pid: _judge(process, *marks) for process in table.values()}
    return [process for process in table.values() if not process.ended and _follow(process, table, verdicts)]


def _judge(process: Process, mark: bytes, known: frozenset[tuple[int, str]], leader: int) -> bool | None:
    """Whether the process is a member by itself; None where it is one if its parent is."""
    if leader in (process.pid, process.group, process.session):
        return True
    if process.ended or process.pid == os.getpid():
        return False
    environ = b"\0" + read_environment(process.pid)
    if b"\0" + mark + b"\0" in environ:
        return True
    if b"\0" + _RUN_MARK in environ or f"\0{GUARD_VARIABLE}=".encode() in environ:
        return False
    return True if (process.pid, process.born) in known else None


def _follow(process: Process, table: dict[int, Process], verdicts: dict[int, bool | None]) -> bool:
    """The verdict of the nearest ancestor that has one, kept for all on the way there."""
    way: dict[int, bool] = {}
    current: Process | None = process
    # Numbers were read one after another: one that was used again meanwhile could close a circle.
    while current is not None and verdicts[current.pid] is None and current.pid not in way:
        way[current.pid] = True
        current = table.get(current.parent)
    verdict = current is not None and bool(verdicts[current.pid])
    verdicts.update(dict.fromkeys(way, verdict))
    return verdict


def find_process(pid: int) -> Process | None:
    """The process with this number, living or a zombie."""
    if sys.platform == "linux":
        return _read_stat(pid)
    return next((p for p in _ask_ps("-p", str(pid))), None)


def list_processes(since: int = 0) -> Iterator[Process]:
    """Every process; with ``since``, those that were given their number after that process, and itself."""
    if sys.platform != "linux":
        yield from _ask_ps("-A")
        return
    pids: Iterable[int] = (int(name) for name in os.listdir("/proc") if name.isdigit())
    if since and _last_pid() >= since:
        pids = (pid for pid in pids if pid >= since)
    for pid in pids:
        if process := _read_stat(pid):
            yield process


def read_environment(pid: int) -> bytes:
    """The environment that the process was started with, each entry ended by a NUL; empty if it is not ours to read."""
    if sys.platform == "linux":
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                return file.read()
        except OSError:
            return b""
    # ps puts the environment behind the arguments, with blanks between; a mark has none inside.
    return _run_ps("-E", "-ww", "-o", "command=", "-p", str(pid)).strip().replace(b" ", b"\0") + b"\0"


def send(processes: Iterable[Process], number: int) -> None:
    """Signal each process that is still the one that was seen."""
    for process in processes:
        now = find_process(process.pid)
        if now is not None and now.born == process.born:
            attempt(os.kill, process.pid, number)


def attempt(call: Callable[[int, int], None], target: int, number: int) -> None:
    """``os.kill`` or ``os.killpg`` on what may be gone already, or belong to somebody else by now."""
    try:
        call(target, number)
    except (ProcessLookupError, PermissionError):
        return


def _read_stat(pid: int) -> Process | None:
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.read(descriptor, 4096)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    # The name in parentheses may hold blanks and parentheses itself.
    field = text[text.rindex(b")") + 2 :].split()
    return Process(
        pid=pid,
        born=field[19].decode(),
        parent=int(field[1]),
        group=int(field[2]),
        session=int(field[3]),
        ended=field[0] in (b"Z", b"X"),
        cpu=(int(field[11]) + int(field[12])) / _TICKS,
        memory=int(field[21]) * _PAGE,
    )


def _last_pid() -> int:
    """The number that was given away last; 0 where nobody tells."""
    if sys.platform != "linux":
        return 0
    with open("/proc/loadavg", "rb") as file:
        return int(file.read().split()[-1])


def _ask_ps(*which: str) -> Iterator[Process]:
    for line in (
        _run_ps(*which, "-o", "pid=,ppid=,pgid=,stat=,rss=,time=,lstart=").decode("ascii", "replace").splitlines()
    ):
        pid, parent, group, state, memory, time, born = line.split(None, 6)
        yield Process(
            pid=int(pid),
            born=born,
            parent=int(parent),
            group=int(group),
            session=None,
            ended=state.startswith("Z"),
            cpu=parse_time(time),
            memory=int(memory) * 1024,
        )


def parse_time(text: str) -> float:
    """Seconds of ``[[dd-]hh:]mm:ss[.cc]``, as ps prints CPU time."""
    days, _, clock = text.rpartition("-")
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + float(part)
    return int(days or 0) * 86400 + seconds


def _run_ps(*arguments: str) -> bytes:
    import subprocess

    # The locale of the dates must not change between two looks.
    return subprocess.run(["ps", *arguments], capture_output=True, env={"PATH": "/bin:/usr/bin", "LC_ALL": "C"}).stdout
