"""What a server says of something, without fetching it: its size, and its version in the server's own words."""

from __future__ import annotations

import http.client

from reenact.data.inputs import Answer
from reenact.downloads.web import make_opener, make_request
from reenact.world import World

TIMEOUT = 3.0
"""Seconds in which a server must answer: what it says is welcome and not needed."""


def ask(uri: str, world: World) -> Answer:
    """What the server of ``uri`` says by HEAD; nothing where it does not answer or is none of the web. Never raises."""
    if not uri.lower().startswith(("http://", "https://")):
        return Answer()
    try:
        request = make_request(uri)
        request.method = "HEAD"
        with make_opener(uri, world.environ).open(request, timeout=TIMEOUT) as answer:
            length = answer.headers.get("Content-Length", "")
            size = int(length) if length.isascii() and length.isdigit() else None
            tag = answer.headers.get("ETag")
            changed = answer.headers.get("Last-Modified")
    except (OSError, http.client.HTTPException, ValueError):
        return Answer()
    return Answer(size, f"ETag {tag}" if tag else f"Last-Modified {changed}" if changed else None)
