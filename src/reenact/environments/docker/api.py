"""Questions to an engine over its Unix socket (Docker's Engine API, which podman serves too).

One takes a millisecond, and a client that has to be started forty. The socket is the one that :mod:`socket` is made
around: that module's own part, which we have no use for, takes longer to import than all our questions to be answered.
"""

from __future__ import annotations

import _socket
from contextlib import closing

from reenact.hints import Any
from reenact.json_text import parse_json

Socket = _socket.socket

_TIMEOUT = 30.0
_SAFE = "/:@"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~" + _SAFE)
"""Characters that stand for themselves in a request's target."""


def ask(path: str, target: str) -> Any | None:
    """What the engine at the socket ``path`` says to ``GET target``; None where it has no such thing.

    Raises:
        OSError: nobody answers, or the answer makes no sense.
    """
    status, body = request("GET", path, target)
    if status == 404:
        return None
    try:
        answer = parse_json(body)
    except ValueError as problem:
        raise OSError(f"{path} is not a container engine's socket") from problem
    if status != 200:
        raise OSError(str(answer.get("message", status) if isinstance(answer, dict) else status))
    return answer


def connect(path: str) -> Socket:
    """A connection to the engine's socket at ``path``.

    Raises:
        OSError: nobody answers there.
    """
    connection = Socket(_socket.AF_UNIX)
    try:
        connection.settimeout(_TIMEOUT)
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


def request(method: str, path: str, target: str, body: bytes = b"") -> tuple[int, bytes]:
    """What the engine at the socket ``path`` answers to a request whose ``body`` is JSON, or nothing: status and text.

    Raises:
        OSError: nobody answers, or the answer makes no sense.
    """
    with closing(send(method, path, target, body)) as connection:
        return receive(connection, path)


def send(method: str, path: str, target: str, body: bytes = b"") -> Socket:
    """The connection on which the engine answers the request (:func:`receive`).

    It is HTTP/1.0, whose answer ends with the connection: the standard library's client costs ten times the question.

    Raises:
        OSError: nobody is there.
    """
    head = f"{method} {target} HTTP/1.0\r\nHost: engine\r\nAccept: application/json\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    connection = connect(path)
    try:
        connection.sendall(f"{head}\r\n".encode() + body)
    except BaseException:
        connection.close()
        raise
    return connection


def receive(connection: Socket, path: str) -> tuple[int, bytes]:
    """The engine's answer, whose socket is ``path``: status and text.

    Raises:
        OSError: it does not come, or makes no sense.
    """
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    begin, _, text = b"".join(parts).partition(b"\r\n\r\n")
    words = begin.split(None, 2)
    if len(words) < 2 or not words[1].isdigit():
        raise OSError(f"{path} does not speak HTTP")
    return int(words[1]), text


def quote_name(name: str) -> str:
    """A name of an image or a container as a part of a request's target."""
    if _PLAIN.issuperset(name):
        return name
    from urllib.parse import quote

    return quote(name, safe=_SAFE)
