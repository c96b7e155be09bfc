"""``http:`` and ``https:`` addresses, with the standard library.

The caller's variables name the proxies. A user name and password in the address are sent as Basic authorization to
that server only, and a redirection may lead to another web address and to nothing else.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import (
    HTTPRedirectHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from reenact import __version__
from reenact.downloads.address import render_address, render_size
from reenact.errors import SourceError, StorageError
from reenact.hints import TYPE_CHECKING
from reenact.world import World

if TYPE_CHECKING:
    from typing import IO

TIMEOUT = 30.0
"""Seconds in which a server must answer, and within which more must come."""

_CHUNK = 1 << 18
_BETWEEN_STEPS = 0.1


def fetch(uri: str, place: Path, world: World, *, timeout: float = TIMEOUT) -> None:
    """Download ``uri`` to ``place``, a piece at a time.

    Raises:
        SourceError: no such host, no answer in time, an answer other than success, or a body that ends too early.
        StorageError: the file cannot be written.
    """
    shown = render_address(uri)
    world.report.step("downloading", shown)
    try:
        with make_opener(uri, world.environ).open(make_request(uri), timeout=timeout) as answer:
            _save(answer, place, world)
    except HTTPError as problem:
        problem.close()
        hint = "is a user name, password or token missing?" if problem.code in (401, 403) else None
        # The reason of a refused redirection holds the whole address that it leads to.
        reason = "redirects for ever, or to no web address" if 300 <= problem.code < 400 else problem.reason
        raise SourceError(f"cannot download {shown}: {problem.code} {reason}", hint=hint) from None
    except TimeoutError:
        raise SourceError(f"cannot download {shown}: nothing came for {timeout:g} seconds") from None
    except http.client.IncompleteRead:
        raise SourceError(f"cannot download {shown}: the connection ended before all had come") from None
    except URLError as problem:
        if isinstance(problem.reason, TimeoutError):
            raise SourceError(f"cannot download {shown}: no answer for {timeout:g} seconds") from None
        why = getattr(problem.reason, "strerror", None) or problem.reason
        raise SourceError(f"cannot download {shown}: {why}", hint="check the address and the network") from None
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise SourceError(f"cannot download {shown}: {type(problem).__name__}") from None


class _WebOnly(HTTPRedirectHandler):
    """Redirections, but not into ``file:`` or ``ftp:``."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        if urlsplit(newurl).scheme not in ("http", "https"):
            raise HTTPError(req.full_url, code, msg, headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def make_request(uri: str) -> Request:
    """A request for ``uri``; a user and password in it go into a header that only its own server gets."""
    parts = urlsplit(uri)
    user, at, host = parts.netloc.rpartition("@")
    request = Request(urlunsplit(parts._replace(netloc=host, fragment="")))  # noqa: S310 - the scheme was looked at
    request.add_header("User-Agent", f"reenact/{__version__}")
    if at:
        from base64 import b64encode

        token = b64encode(unquote(user).encode()).decode("ascii")
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def make_opener(uri: str, environ: Mapping[str, str]) -> OpenerDirector:
    """What opens web addresses, by way of the caller's proxies."""
    lowered = {name.lower(): value for name, value in environ.items() if name.lower().endswith("_proxy") and value}
    proxies = {scheme: lowered[f"{scheme}_proxy"] for scheme in ("http", "https") if f"{scheme}_proxy" in lowered}
    if _is_excepted(urlsplit(uri).hostname or "", lowered.get("no_proxy", "")):
        proxies = {}
    return build_opener(ProxyHandler(proxies), _WebOnly())


def _is_excepted(host: str, no_proxy: str) -> bool:
    """Whether ``no_proxy`` names the host, a domain that it belongs to, or everything."""
    names = [name.strip().lstrip(".").partition(":")[0].lower() for name in no_proxy.split(",")]
    return "*" in names or any(name and (host == name or host.endswith(f".{name}")) for name in names)


def _save(answer: http.client.HTTPResponse, place: Path, world: World) -> None:
    length = answer.headers.get("Content-Length", "")
    expected = int(length) if length.isascii() and length.isdigit() else None
    total = f" of {render_size(expected)}" if expected is not None else ""
    received, told = 0, monotonic()
    with _open(place) as file:
        while chunk := answer.read(_CHUNK):
            _write(file, chunk, place)
            received += len(chunk)
            if monotonic() - told > _BETWEEN_STEPS:
                told = monotonic()
                world.report.step("downloading", f"{render_address(answer.url)}: {render_size(received)}{total}")
    if expected is not None and received != expected:
        raise SourceError(
            f"cannot download {render_address(answer.url)}: {received:,} of {expected:,} bytes came, then the end",
            hint="try again",
        )


def _open(place: Path) -> IO[bytes]:
    try:
        return place.open("wb")
    except OSError as problem:
        raise StorageError(f"cannot write {place}: {problem.strerror or problem}") from problem


def _write(file: IO[bytes], chunk: bytes, place: Path) -> None:
    try:
        file.write(chunk)
    except OSError as problem:
        raise StorageError(f"cannot write {place}: {problem.strerror or problem}") from problem
