"""The loop around one command: what comes from it, what comes to us, and when it has had enough time."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable

from reenact.hints import TYPE_CHECKING, Any, Literal
from reenact.process import plain_signal as signal
from reenact.process import signals
from reenact.process.child import Child, Spawn, Started
from reenact.process.log_writer import LogWriter
from reenact.process.members import Command, Process, attempt, find_members, send
from reenact.process.pump import Pump, wait_for
from reenact.process.usage import Meter
from reenact.secret_values import make_hiding

if TYPE_CHECKING:
    from reenact.process.terminal import Terminal

_LINGER = 0.5
"""Seconds that processes left behind have to end by themselves: a ``tee`` that still has to write what it was given."""

_ONE_PRESS = 0.1
"""Seconds within which two SIGINT are one Ctrl-C that reached us on two ways."""


class Watch:
    """Passes on what is printed, obeys what we are told, looks after all that the command starts until it is gone."""

    def __init__(
        self,
        spawn: Spawn,
        begun: Started,
        terminal: Terminal | None,
        note: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        self._spawn = spawn
        self._child: Child = begun.child
        self._terminal = terminal
        self._log = LogWriter(spawn.log, now=now, failed=note)
        self._note = note
        self._interrupted = 0.0
        self._over = False
        self._kill_at: float | None = None
        self._end_at = time.monotonic() + spawn.timeout if spawn.timeout is not None else None
        self._call: tuple[float, Callable[[], None]] | None = None
        self.command = Command(begun.child.pid, spawn.mark)
        self.meter = Meter(self.command)
        self.stopped: Literal["signal", "timeout"] | None = None
        self.signal: int | None = None
        self.left = 0
        self._behind: dict[tuple[int, str], Process] = {}
        self._pumps = [Pump(source, target, self._keeper(name), note) for source, target, name in begun.sources]
        self._sources = [source for source, _, _ in begun.sources if terminal is None or source != terminal.master]
        if terminal is not None:
            terminal.close_slave()
            terminal.join()
        if terminal is not None and spawn.ending is not None:
            terminal.read_inner = self._read_inner

    @property
    def left_behind(self) -> list[Process]:
        """What the command left, each as it was last seen."""
        return list(self._behind.values())

    def call_in(self, seconds: float, call: Callable[[], None]) -> None:
        """Call it once, if the leader is still at work then."""
        self._call = time.monotonic() + seconds, call

    def until_ended(self, arrivals: signals.Arrivals) -> None:
        """Until the leader has ended."""
        while not self._turn(arrivals, self._next_moment()):
            self._keep_time()
        self._over = True

    def until_alone(self, arrivals: signals.Arrivals) -> None:
        """Until nothing of the command is left."""
        if self._child.childless and self._child.ended_by_itself:
            return
        ask_at = time.monotonic() + (0 if self.stopped else _LINGER)
        asked: set[tuple[int, str]] = set()
        pause = 0.01
        while members := self.meter.look():
            moment = time.monotonic()
            self._behind.update({(member.pid, member.born): member for member in members})
            if moment >= ask_at or self._kill_at is not None:
                fresh = [member for member in members if (member.pid, member.born) not in asked]
                send(fresh, signal.SIGTERM)
                send(fresh, signal.SIGCONT)
                asked.update((member.pid, member.born) for member in fresh)
                self._kill_at = self._kill_at or moment + self._spawn.grace
            if self._kill_at is not None and moment >= self._kill_at:
                send(members, signal.SIGKILL)
            self._turn(arrivals, moment + pause)
            pause = min(pause * 1.5, 0.1)
        # Of what runs elsewhere only the client has ended, and these are the command; its engine leaves nothing behind.
        self.left = 0 if self.stopped or self._spawn.ending is not None else len(asked)
        if self.left:
            self._note(f"ended {self.left} process{'es' if self.left > 1 else ''} that the command had left behind")

    def until_drained(self, arrivals: signals.Arrivals) -> None:
        """Until all that was printed is shown and logged; a further signal ends the waiting for a slow reader."""
        for pump in self._pumps:
            while (wait := pump.wait) and (pump.waits_to_write or wait_for([wait], 0)):
                if pump.waits_to_write:
                    ear = [] if arrivals.descriptor is None else [(arrivals.descriptor, select.POLLIN)]
                    wait_for([wait, *ear], None)
                if any(number in signals.ENDING for number in arrivals.take()):
                    pump.drop()
                pump.move()
            pump.finish()

    def abandon(self) -> None:
        """End all of it now."""
        for _ in range(100):
            attempt(os.killpg, self._child.pid, signal.SIGKILL)
            members = find_members(self.command, known=self.meter.known)
            if not members:
                break
            send(members, signal.SIGKILL)
            time.sleep(0.005)

    def end_elsewhere(self) -> None:
        """End what is no process of ours, unless the command has come to its end undisturbed and ended that, too."""
        ending = self._spawn.ending
        # A client that has nowhere to write ends in one way or the other.
        unread = any(pump.unread for pump in self._pumps)
        if ending is not None and (self.stopped or unread or not self._child.ended_by_itself):
            from reenact.process.ending import end_elsewhere

            end_elsewhere(ending.argv, ending.environ)

    def close(self) -> None:
        """Let go of every descriptor."""
        self._log.close()
        for source in self._sources:
            os.close(source)
        self._sources = []

    # One turn of the loop

    def _turn(self, arrivals: signals.Arrivals, until: float) -> bool:
        """Wait for something to happen, at most until the moment, and do what it asks for; whether the leader ended."""
        waits = [wait for wait in (pump.wait for pump in self._pumps) if wait is not None]
        if self._terminal is not None:
            waits += self._terminal.waits
        if not self._over:
            waits.append((self._child.end, select.POLLIN))
        if arrivals.descriptor is not None:
            waits.append((arrivals.descriptor, select.POLLIN))
        ready = wait_for(waits, max(0.0, until - time.monotonic()))
        for number in arrivals.take():
            self._obey(number)
        if self._terminal is not None and ready.intersection(self._terminal.waits):
            self._forward_keys(self._terminal)
        for pump in self._pumps:
            if pump.wait in ready:
                pump.move()
        self._drop_closed()
        return (self._child.end, select.POLLIN) in ready

    def _drop_closed(self) -> None:
        """Let go of what the command's reader has left, so that the command meets the broken pipe."""
        open_ones = {pump.source for pump in self._pumps}
        for source in [source for source in self._sources if source not in open_ones]:
            os.close(source)
            self._sources.remove(source)

    def _next_moment(self) -> float:
        moments = [self.meter.due, self._end_at, self._kill_at, self._call[0] if self._call else None]
        return min(moment for moment in moments if moment is not None)

    def _keep_time(self) -> None:
        moment = time.monotonic()
        if self._call is not None and moment >= self._call[0]:
            call = self._call[1]
            self._call = None
            call()
        if self._end_at is not None and moment >= self._end_at:
            self._end_at = None
            self._stop(signal.SIGTERM, "timeout")
        if self._kill_at is not None and moment >= self._kill_at:
            self._kill_at = moment + 1
            attempt(os.killpg, self._child.pid, signal.SIGKILL)
        if moment >= self.meter.due:
            self.meter.look()
            if self._terminal is not None:
                # Nobody tells a job that it has become the one in the foreground, nor a thread of a new size.
                self._terminal.join()
                self._terminal.resize()

    # Signals and keys

    def _obey(self, number: int) -> None:
        if number in signals.ENDING:
            self._stop(number, "signal")
        elif number == signal.SIGTSTP:
            self._suspend()
        elif self._terminal is not None:
            self._terminal.join()
            self._terminal.resize()

    def _stop(self, number: int, why: Literal["signal", "timeout"], *, told: bool = False) -> None:
        """Ask the command to end; asked again from the keyboard, end it. ``told``: its terminal has told it already."""
        moment = time.monotonic()
        if self._over:
            self._kill_at = moment
            return
        if number == signal.SIGINT and self._interrupted and moment - self._interrupted > _ONE_PRESS:
            self._kill_at = moment
        if number == signal.SIGINT and not self._interrupted:
            self._interrupted = moment
        if self.stopped is None:
            self.meter.look()
            self.stopped, self.signal = why, number
            self._kill_at = moment + self._spawn.grace
        if not told:
            attempt(os.killpg, self._child.pid, number)
        attempt(os.killpg, self._child.pid, signal.SIGCONT)

    def _suspend(self) -> None:
        before = time.monotonic()
        attempt(os.killpg, self._child.pid, signal.SIGSTOP)
        if self._terminal is not None:
            self._terminal.part()
        signals.stop_self()
        attempt(os.killpg, self._child.pid, signal.SIGCONT)
        asleep = time.monotonic() - before
        self._end_at = None if self._end_at is None else self._end_at + asleep
        self._kill_at = None if self._kill_at is None else self._kill_at + asleep
        if self._terminal is not None:
            self._terminal.join()
            self._terminal.resize()

    def _forward_keys(self, terminal: Terminal) -> None:
        keys = terminal.forward()
        if keys.interrupt:
            self._stop(signal.SIGINT, "signal", told=True)
        if keys.suspend:
            self._suspend()

    def _read_inner(self) -> list[Any] | None:
        """The settings of the terminal that the command has elsewhere, if it has one that we may see."""
        if self._terminal is None or sys.platform != "linux":
            return None
        from reenact.process.inner_terminal import read_settings

        return read_settings(find_members(self.command, known=self.meter.known), self._terminal.name)

    def _keeper(self, name: str | None) -> Callable[[bytes], bytes]:
        """What logs a chunk of the stream and returns what to show of it; an empty one is the last."""
        terminal, log, stream = self._terminal, self._log, (name or "").encode()
        hide = make_hiding(self._spawn.secrets)

        def keep(data: bytes) -> bytes:
            log.write(stream, hide(data))
            return data

        def keep_clean(data: bytes) -> bytes:
            if terminal is None:
                return keep(data)
            terminal.follow_echo()
            clean = terminal.clean(data)
            if stream and clean:
                log.write(stream, hide(clean))
            if stream and not data:
                log.write(stream, hide(data))
            # Ours puts the carriage returns back where it still does so.
            return data if terminal.joined else clean

        return keep_clean if terminal is not None and name in (None, *terminal.names) else keep
