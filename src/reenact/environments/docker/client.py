"""A client of the engine that is a part of us: one container made, joined to our streams, started and waited for.

It says and answers what ``docker run --rm`` does, and need not be loaded first, which takes that program about as long
as all else that is done before a command starts. The engine is asked for the container first, and makes it while we
fork (:mod:`reenact.process.fork`), whose the rest is. ``python -m reenact.environments.docker.client REQUEST`` is the
same for whoever cannot fork.

Source: Docker Engine API, ContainerCreate, ContainerAttach (its section on the stream's format), ContainerWait with
``condition=removed`` (1.30 and later), ContainerStart, ContainerKill, ContainerResize.
"""

from __future__ import annotations

import _socket
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType

from reenact.environments.docker.api import Socket, connect, quote_name, receive, request, send
from reenact.environments.docker.parts import LABEL, Parts
from reenact.hints import Any
from reenact.json_text import parse_json, render_json
from reenact.process import plain_signal as signal

NOT_STARTED = 125
"""The exit code where it is the engine that failed, as ``docker run`` has it."""

_CHUNK = 1 << 16
_AGREED = ([b"101"], [b"200"])
_HEADER = 8
_ERRORS = 2
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


class _Failed(Exception):
    """The engine did not do what it was asked; ``code`` is what ``docker run`` ends with."""

    def __init__(self, message: str, code: int = NOT_STARTED) -> None:
        super().__init__(message)
        self.code = code


def make_request(path: str, parts: Parts) -> bytes:
    """What an :class:`Order` is handed: the engine's socket, and the container as the engine's API describes it."""
    mounts = [
        {"Type": "bind", "Source": mount.source, "Target": mount.target, "ReadOnly": parts.closed and not mount.own}
        for mount in parts.mounts
    ]
    body = {
        "Image": parts.image,
        "Cmd": parts.words,
        "Env": [f"{name}={value}" for name, value in parts.variables.items()],
        "WorkingDir": parts.folder,
        "User": parts.user or "",
        "Labels": {LABEL: parts.run},
        "Tty": parts.terminal,
        **dict.fromkeys(("AttachStdin", "AttachStdout", "AttachStderr", "OpenStdin", "StdinOnce"), True),
        "HostConfig": {
            "AutoRemove": True,
            "Init": True,
            "NetworkMode": parts.network or "default",
            "ExtraHosts": parts.hosts,
            "Mounts": mounts,
            "Binds": parts.volumes,
            "SecurityOpt": parts.security,
            "ReadonlyRootfs": parts.closed,
            "Tmpfs": parts.folders_in_memory,
        },
    }
    if parts.entrypoint is not None:
        body["Entrypoint"] = [parts.entrypoint]
    asked = {"socket": path, "name": parts.name, "terminal": parts.terminal}
    # Apart, so that who is handed it need not read what only the engine reads.
    return f"{render_json(asked)}\n{render_json(body)}".encode()


class Order:
    """A container that the engine has been asked for by a request (:func:`make_request`); called, it is run on our
    three streams, and the command's exit code returned."""

    def __init__(self, handed: bytes) -> None:
        head, _, body = handed.partition(b"\n")
        asked = parse_json(head)
        self._path: str = asked["socket"]
        self._terminal: bool = asked["terminal"]
        self._id = ""
        self._started = False
        self._early: list[int] = []
        self._answer: Socket | None = None
        self._trouble: OSError | None = None
        try:
            self._answer = send("POST", self._path, f"/containers/create?name={quote_name(asked['name'])}", body)
        except OSError as problem:
            # It is told by who is called, whose code is the command's.
            self._trouble = problem

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What is open, and needed to go on elsewhere."""
        return () if self._answer is None else (self._answer.fileno(),)

    def close(self) -> None:
        """Let go of it; the engine goes on."""
        if self._answer is not None:
            self._answer.close()

    def __call__(self) -> int:
        """Start it, wait for its end, and tell how it ended."""
        try:
            return self._run()
        except _Failed as problem:
            said, code = str(problem), problem.code
        except OSError as problem:
            where = f"nobody answers at unix://{self._path}"
            said, code = f"{where}: {problem.strerror}" if problem.strerror else str(problem), NOT_STARTED
        except (ValueError, KeyError, TypeError):
            said, code = "the engine's answer makes no sense", NOT_STARTED
        os.write(2, f"docker: {said}\n".encode())
        return code

    def _run(self) -> int:
        if self._answer is None:
            raise self._trouble or _Failed("nobody was asked")
        created = _read_answer(*receive(self._answer, self._path))
        self._id = created["Id"]
        try:
            for warning in created.get("Warnings") or ():
                os.write(2, f"WARNING: {warning}\n".encode())
            with self._forwarding(), _raw_keyboard(self._terminal):
                streams, end = self._ask_to_attach(), self._ask_to_wait()
                early = _read_agreement(streams, "let us join the container")
                ending = _read_agreement(end, "let us wait for it")
                self._start()
                import threading  # while the engine is at work: none of it is needed before

                threading.Thread(target=_feed, args=(streams,), daemon=True).start()
                copy = _copy_terminal if self._terminal else copy_streams
                copy(early, partial(_receive, streams), _write)
                return _read_code(end, ending)
        except BaseException:
            self._remove()
            raise

    def _ask(self, path: str, method: str = "POST") -> Any:
        return _read_answer(*request(method, self._path, path))

    def _start(self) -> None:
        try:
            self._ask(f"/containers/{self._id}/start")
        except _Failed as problem:
            said = str(problem)
            if re.search("executable file not found|no such file or directory", said):
                problem.code = 127
            elif re.search("permission denied|is a directory", said):
                problem.code = 126
            raise
        self._started = True
        if self._terminal:
            self._resize()
        for number in self._early:
            self._kill(number)

    def _remove(self) -> None:
        """Take away what we cannot see the end of."""
        # The engine may have done so itself.
        with suppress(_Failed, OSError):
            self._ask(f"/containers/{self._id}?force=1&v=1", method="DELETE")

    def _ask_to_attach(self) -> Socket:
        """The container's streams, once the engine agrees."""
        streams = connect(self._path)
        streams.settimeout(None)
        path = f"/containers/{self._id}/attach?stream=1&stdin=1&stdout=1&stderr=1"
        streams.sendall(f"POST {path} HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n".encode())
        return streams

    def _ask_to_wait(self) -> Socket:
        """A question whose answer begins when the engine agrees, and ends when the container is gone."""
        answer = connect(self._path)
        answer.settimeout(None)
        answer.sendall(f"POST /containers/{self._id}/wait?condition=removed HTTP/1.0\r\nHost: engine\r\n\r\n".encode())
        return answer

    # Signals

    @contextmanager
    def _forwarding(self) -> Iterator[None]:
        """Hand signals on to the command; those that come before it is there, once it is."""

        def forward(number: int, frame: FrameType | None) -> None:
            if self._started:
                self._kill(number)
            else:
                self._early.append(number)

        for number in _FORWARDED:
            signal.signal(number, forward)
        if self._terminal:
            signal.signal(signal.SIGWINCH, lambda number, frame: self._resize())
        yield

    def _kill(self, number: int) -> None:
        # It may have ended by now.
        with suppress(_Failed, OSError):
            self._ask(f"/containers/{self._id}/kill?signal={signal.name_signal(number)}")

    def _resize(self) -> None:
        with suppress(_Failed, OSError):
            columns, rows = os.get_terminal_size(0)
            self._ask(f"/containers/{self._id}/resize?h={rows}&w={columns}")


def _read_answer(status: int, text: bytes) -> Any:
    """What the engine says, or that it does not do as it was asked."""
    if status < 300:
        return parse_json(text) if text else None
    try:
        message = str(parse_json(text)["message"])
    except (ValueError, KeyError, TypeError):
        message = f"the engine answered {status}"
    raise _Failed(message.strip())


@contextmanager
def _raw_keyboard(terminal: bool) -> Iterator[None]:
    """Every byte passes as it is, where the container has a terminal of its own."""
    if not terminal:
        yield
        return
    import termios

    from reenact.process.terminal import make_raw

    before = termios.tcgetattr(0)
    termios.tcsetattr(0, termios.TCSADRAIN, make_raw(before))
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def _read_agreement(answer: Socket, wish: str) -> bytes:
    """What came behind the head of an answer, which must be that the engine does as we ``wish``."""
    text = b""
    while b"\r\n\r\n" not in text:
        more = answer.recv(_CHUNK)
        if not more:
            raise _Failed("the engine ended the conversation")
        text += more
    head, _, rest = text.partition(b"\r\n\r\n")
    if head.split(None, 2)[1:2] not in _AGREED:
        raise _Failed(f"the engine does not {wish}: {head.splitlines()[0].decode('latin-1')}")
    return rest


def _read_code(answer: Socket, text: bytes) -> int:
    """The exit code, once the container is gone; ``text`` has come already."""
    while more := _receive(answer):
        text += more
    try:
        return int(parse_json(text)["StatusCode"])
    except (ValueError, KeyError, TypeError):
        raise _Failed("the engine went away before the container had ended") from None


def _receive(source: Socket) -> bytes:
    try:
        return source.recv(_CHUNK)
    except ConnectionResetError:
        return b""


def _feed(streams: Socket) -> None:
    """Our input to the container, to its end."""
    with suppress(OSError):
        while data := os.read(0, _CHUNK):
            streams.sendall(data)
    with suppress(OSError):
        streams.shutdown(_socket.SHUT_WR)


def _copy_terminal(data: bytes, receive: Callable[[], bytes], write: Callable[[int, bytes], None]) -> None:
    while data or (data := receive()):
        write(1, data)
        data = b""


def copy_streams(data: bytes, receive: Callable[[], bytes], write: Callable[[int, bytes], None]) -> None:
    """Frames to the streams that they belong to: a byte for the stream, three of nothing, four of length, the text.

    ``data`` has come already; ``receive`` gives more, in pieces of any size, and nothing at the end.
    """
    head, left, target = b"", 0, 1
    while data or (data := receive()):
        if left:
            piece, data = data[:left], data[left:]
            write(target, piece)
            left -= len(piece)
            continue
        missing = _HEADER - len(head)
        head, data = head + data[:missing], data[missing:]
        if len(head) == _HEADER:
            target = _ERRORS if head[0] == _ERRORS else 1
            head, left = b"", int.from_bytes(head[4:], "big")


def _write(target: int, data: bytes) -> None:
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(target, rest) :]
    except BrokenPipeError:
        # As any program that nobody reads any more; whoever started us ends the container.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        text = file.read()
    os._exit(Order(text)())
