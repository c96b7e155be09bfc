"""Run a command under supervision: nothing of it is lost, and nothing of it survives.

The command is the leader of a session and process group of its own. What asks us to end (SIGINT, SIGTERM, SIGHUP,
SIGQUIT) is handed to the whole group; what is left after ``grace`` seconds, or at a second SIGINT, gets SIGKILL. What
the command leaves behind has a moment to end by itself, then is ended the same way, wherever it went. Should we be
killed ourselves, the guard does all this (:mod:`reenact.process.guard`).

Output is shown at once and unchanged, and logged without the secrets in it (:mod:`reenact.process.log_writer`,
:mod:`reenact.scrub`); a terminal stays a terminal (:mod:`reenact.process.terminal`).
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

from reenact.hints import TYPE_CHECKING, Literal
from reenact.process import plain_signal as signal
from reenact.process import signals
from reenact.process.child import Spawn, Started, start
from reenact.process.guard import guarding
from reenact.process.members import attempt
from reenact.process.streams import is_open
from reenact.runs import Usage
from reenact.values import NamedTuple

if TYPE_CHECKING:
    from reenact.process.terminal import Terminal
    from reenact.process.watch import Watch

TIMED_OUT = 124
"""The exit code of a command that had no more time, as timeout(1) has it."""


class Outcome(NamedTuple):
    """How a command ended. ``code`` is what a shell would report, :data:`TIMED_OUT` after a timeout.

    ``signal`` is the name of the signal that ended it, or that we were asked to end with. ``stopped`` says whether it
    ended because of us, and why. ``left`` is how many processes it had left behind that had to be ended. ``started``
    and ``ended`` are seconds since the epoch.
    """

    code: int
    signal: str | None
    stopped: Literal["signal", "timeout"] | None
    started: float
    ended: float
    usage: Usage
    left: int = 0


def _nothing(_: object) -> None:
    return


def supervise(
    spawn: Spawn,
    *,
    note: Callable[[str], None] = _nothing,
    started: Callable[[int], None] = _nothing,
    lasting: Callable[[], None] = lambda: None,
    moment: float = 1.0,
    now: Callable[[], float] = time.time,
    arrivals: signals.Arrivals | None = None,
) -> Outcome:
    """Run the command to its end. ``note`` is told what the user should know; ``started`` the command's group;
    ``lasting`` is called when it is still at work after a ``moment``, in seconds.

    ``arrivals`` are signals that are being collected already. Outside the main thread no signal reaches us, so none is
    handed on; all else is the same.

    Raises:
        NotStarted: there is no such program, or it cannot be loaded.
    """
    _flush()
    with ExitStack() as stack:
        for descriptor in (stream for stream in spawn.streams if not is_open(stream)):
            # Otherwise the next file that we open would be taken for our input or output.
            os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
            stack.callback(os.close, descriptor)
        terminal = _open_terminal(spawn.streams)
        if terminal is not None:
            stack.callback(terminal.close)
        note = _say_aside(note, terminal)
        arrivals = arrivals or stack.enter_context(signals.collecting())
        guard = stack.enter_context(guarding(spawn.mark, spawn.ending))
        began = now()
        begun = start(spawn, terminal)
        guard.watch(begun.child.pid)
        watch = _watch(spawn, begun, terminal, note, now)
        stack.callback(watch.close)
        try:
            started(begun.child.pid)
            watch.call_in(moment, lasting)
            watch.until_ended(arrivals)
            ended = now()
            watch.until_alone(arrivals)
        except BaseException:
            watch.abandon()
            raise
        finally:
            watch.end_elsewhere()
            # First, for the number of the group may belong to others once the leader is reaped.
            guard.release()
            code, spent = begun.child.reap()
        watch.until_drained(arrivals)
        usage = watch.meter.total(spent, watch.left_behind)._replace(wall=ended - began)
        return _make_outcome(code, watch, (began, ended), usage)


def _make_outcome(code: int, watch: "Watch", times: tuple[float, float], usage: Usage) -> Outcome:
    name = signal.name_signal(-code) if code < 0 else None
    if watch.stopped == "signal" and watch.signal is not None:
        name = signal.name_signal(watch.signal)
    shown = TIMED_OUT if watch.stopped == "timeout" else 128 - code if code < 0 else code
    return Outcome(shown, name, watch.stopped, *times, usage, watch.left)


def _watch(
    spawn: Spawn,
    begun: Started,
    terminal: "Terminal | None",
    note: Callable[[str], None],
    now: Callable[[], float],
) -> "Watch":
    """The loop around the command, which is loaded while the command loads itself."""
    try:
        from reenact.process.watch import Watch

        return Watch(spawn, begun, terminal, note, now)
    except BaseException:
        attempt(os.killpg, begun.child.pid, signal.SIGKILL)
        begun.child.reap()
        raise


def _open_terminal(streams: Sequence[int]) -> "Terminal | None":
    """A terminal for a command that is joined to ``streams`` (input, output, errors), if one of them is a terminal."""
    if not any(map(os.isatty, streams)):
        return None
    from reenact.process.terminal import Terminal  # a run without one does without all that it takes

    return Terminal(streams)


def _say_aside(note: Callable[[str], None], terminal: "Terminal | None") -> Callable[[str], None]:
    """``note``, with our terminal as it was while it speaks."""

    def say(message: str) -> None:
        if terminal is None or not terminal.joined:
            note(message)
            return
        terminal.part()
        note(message)
        terminal.join()

    return say


def _flush() -> None:
    """What we have said so far comes before what the command says."""
    for file in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):
            file.flush()
