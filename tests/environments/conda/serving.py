"""A channel over http on loopback."""

from __future__ import annotations

import functools
import http.server
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.serving import answering


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Gives files, says nothing of it, and lets nobody keep them."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def serve(folder: Path, handler: type[Quiet] = Quiet) -> Iterator[str]:
    """The folder's address."""
    bound = functools.partial(handler, directory=str(folder))
    with answering(http.server.ThreadingHTTPServer(("127.0.0.1", 0), bound)) as address:
        yield f"http://{address}"
