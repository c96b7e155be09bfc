"""A terminal stays a terminal: the command gets one of its own, and ours is joined to it.

For those of our standard streams that are a terminal the command gets a pseudo-terminal, which is also the one that
controls its session (``/dev/tty``, ``getpass``). Its settings and size are copied from ours. While the command runs in
the foreground our own terminal passes every byte through, so that Ctrl-C, echo and line editing are done once, by the
command's.

Where another program shares the terminal (``reenact run . | less``), ours is left as it is: lines are passed on as they
are typed, as long as that program has not taken the keyboard for itself.
"""

import os
import select
import stat
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress

from reenact.hints import Any
from reenact.values import NamedTuple

_IFLAG, _OFLAG, _CFLAG, _LFLAG, _, _, _CC = range(7)
_BLANK = 0x20


class Keys(NamedTuple):
    """What was typed that concerns us: an interrupt, a suspension; ``length`` of it goes to the command (None: all)."""

    interrupt: bool = False
    suspend: bool = False
    length: int | None = None


class Terminal:
    """The command's terminal (its ``master`` end is ours) and what to do with our own."""

    def __init__(self, streams: Sequence[int]) -> None:
        self._ours = next(fd for fd in streams if is_terminal(fd))
        self.streams = tuple(is_terminal(fd) for fd in streams)
        self.keyboard: int | None = streams[0] if self.streams[0] else None
        self.screen = find_screen(streams)
        self._alone = not any(_is_shared(fd) for fd in streams[1:])
        self._saved: list[Any] | None = None
        self._held = b""
        self._typed = b""
        self._hidden = False
        self._size: tuple[int, int] | None = None
        self.read_inner: Callable[[], list[Any] | None] | None = None
        """Reads the settings of the terminal that the command has elsewhere, whose client takes every key from ours."""
        self.master, self.slave = os.openpty()
        self.name = os.ttyname(self.slave)
        termios.tcsetattr(self.slave, termios.TCSANOW, termios.tcgetattr(self._ours))
        self.resize()
        os.set_blocking(self.master, False)

    def make_argv(self, argv: Sequence[str]) -> list[str]:
        """``argv``, started by a shell that takes the command's terminal as its own first.

        The first terminal that the leader of a session opens becomes the one that controls it; nothing else can be made
        to open one between the new session and the program. A shell of the same kind as the command's, for bash
        hands on what other shells drop from the environment (functions, names with dots).
        """
        shell = argv[0] if os.path.basename(argv[0]) == "bash" else "/bin/sh"
        return [shell, "-c", 'true <>"$0"; exec "$@"', self.name, *argv]

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the two output streams that are the command's terminal."""
        return tuple(name for name, ours in zip(("stdout", "stderr"), self.streams[1:], strict=True) if ours)

    @property
    def joined(self) -> bool:
        """Whether ours passes every byte through at this moment."""
        return self._saved is not None

    def join(self) -> None:
        """Let our keyboard go to the command, if it is ours to read at this moment."""
        if self.keyboard is None or self._saved is not None or not self._alone or not self.in_foreground:
            return
        self._saved = termios.tcgetattr(self.keyboard)
        termios.tcsetattr(self.keyboard, termios.TCSADRAIN, make_raw(self._saved))

    def part(self) -> None:
        """Put our terminal back as it was; again is harmless."""
        saved, self._saved = self._saved, None
        # Whatever stands in the way (a terminal that has gone), there is nothing left to put back.
        with suppress(termios.error):
            if saved is not None and self.keyboard is not None:
                termios.tcsetattr(self.keyboard, termios.TCSADRAIN, saved)
            self._show_typing(True)

    def follow_echo(self) -> None:
        """While lines are passed on as they are typed, do not show them where the command reads a password."""
        if self._saved is not None or not self.can_read:
            return
        with suppress(termios.error):
            self._show_typing(bool(termios.tcgetattr(self.master)[_LFLAG] & termios.ECHO))

    def _show_typing(self, show: bool) -> None:
        if self.keyboard is None or show is not self._hidden:
            return
        attributes = termios.tcgetattr(self.keyboard)
        if show:
            attributes[_LFLAG] |= termios.ECHO
        elif attributes[_LFLAG] & termios.ECHO:
            attributes[_LFLAG] &= ~termios.ECHO
        else:
            return
        self._hidden = not show
        termios.tcsetattr(self.keyboard, termios.TCSADRAIN, attributes)

    def close_slave(self) -> None:
        """The command has its end now; ours would keep us from seeing its end."""
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1

    def close(self) -> None:
        """Give everything back."""
        self.part()
        self.close_slave()
        os.close(self.master)

    @property
    def in_foreground(self) -> bool:
        """Whether the shell has given us the terminal; a job in the background must neither read nor change it."""
        try:
            return os.tcgetpgrp(self._ours) == os.getpgrp()
        except OSError:
            return False

    @property
    def can_read(self) -> bool:
        """Whether what is typed is meant for the command."""
        if self.keyboard is None:
            return False
        if self._saved is not None:
            return True
        try:
            return self.in_foreground and bool(termios.tcgetattr(self.keyboard)[_LFLAG] & termios.ICANON)
        except termios.error:
            return False

    def resize(self) -> None:
        """Give the command's terminal the size of ours; the kernel tells the command of a change."""
        with suppress(termios.error):
            size = termios.tcgetwinsize(self._ours)
            if size != self._size:
                termios.tcsetwinsize(self.master, size)
                self._size = size

    @property
    def waits(self) -> list[tuple[int, int]]:
        """The descriptor and event that let :meth:`forward` do something."""
        if self._typed:
            return [(self.master, select.POLLOUT)]
        if self.keyboard is not None and self.can_read:
            return [(self.keyboard, select.POLLIN)]
        return []

    def forward(self) -> Keys:
        """Hand on what was typed, as far as the command's terminal takes it."""
        keys = Keys()
        if not self._typed and self.keyboard is not None:
            self._typed = self._read(self.keyboard)
            keys = self._find_keys(self._typed)
            self._typed = self._typed[: keys.length]
        try:
            if self._typed:
                self._typed = self._typed[os.write(self.master, self._typed) :]
        except BlockingIOError:
            pass  # The program does not read; its terminal holds a few thousand characters, we hold the rest.
        except OSError:
            self._typed = b""
        return keys

    def _read(self, keyboard: int) -> bytes:
        try:
            typed = os.read(keyboard, 4096)
        except OSError:
            typed = b""
        if not typed and self._saved is None:
            end: bytes = termios.tcgetattr(self.master)[_CC][termios.VEOF]
            return end
        if not typed:
            self.part()
            self.keyboard = None
        return typed

    def _find_keys(self, typed: bytes) -> Keys:
        """Only where the command's terminal acts on them and the command reads by lines.

        A program that reads keys one by one (an editor, a prompt with line editing) gives them its own meaning.
        """
        if self._saved is None:
            return Keys()
        settings = termios.tcgetattr(self.master)
        if self.read_inner is not None and not settings[_LFLAG] & termios.ISIG and min(typed, default=_BLANK) < _BLANK:
            settings = self.read_inner() or settings
        if not (settings[_LFLAG] & termios.ISIG and settings[_LFLAG] & termios.ICANON):
            return Keys()
        interrupt = any(settings[_CC][key] in typed for key in (termios.VINTR, termios.VQUIT))
        place = typed.find(settings[_CC][termios.VSUSP])
        return Keys(interrupt, place >= 0, place if place >= 0 else None)

    def clean(self, data: bytes) -> bytes:
        r"""What the command printed, without the ``\r`` that its terminal puts before each ``\n``; empty at the end."""
        last = not data
        data = self._held + data
        self._held = b""
        if data.endswith(b"\r") and not last:
            data, self._held = data[:-1], b"\r"
        try:
            flags = termios.tcgetattr(self.master)[_OFLAG]
        except termios.error:
            flags = termios.OPOST | termios.ONLCR
        if flags & termios.OPOST and flags & termios.ONLCR:
            return data.replace(b"\r\n", b"\n")
        return data


def is_terminal(descriptor: int) -> bool:
    """``isatty``; False for a closed descriptor."""
    return os.isatty(descriptor)


def find_screen(streams: Sequence[int]) -> int | None:
    """Where the command's terminal is to be shown: our output, else our errors, else where our keyboard is."""
    for descriptor in (*streams[1:], streams[0]):
        if is_terminal(descriptor):
            return descriptor
    return None


def make_raw(attributes: Sequence[Any]) -> list[Any]:
    """Terminal attributes under which every byte passes unchanged both ways (cfmakeraw(3))."""
    raw = list(attributes)
    raw[_IFLAG] &= ~(
        termios.IGNBRK
        | termios.BRKINT
        | termios.PARMRK
        | termios.ISTRIP
        | termios.INLCR
        | termios.IGNCR
        | termios.ICRNL
        | termios.IXON
    )
    raw[_OFLAG] &= ~termios.OPOST
    raw[_LFLAG] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    raw[_CFLAG] = raw[_CFLAG] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    raw[_CC] = list(raw[_CC])
    raw[_CC][termios.VMIN], raw[_CC][termios.VTIME] = 1, 0
    return raw


def _is_shared(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
