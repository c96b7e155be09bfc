"""Credentials inside URLs: taken out of whatever is kept, found again in the files they were written in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

HIDDEN = "****"

_USER = r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^\s/?#'\"]+)@"
_URL = r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#'\"]+@[^\s'\"#;,\]]*"
_VARIABLES = r"\$\{[A-Z0-9_]+\}(:\$\{[A-Z0-9_]+\})?"


def redact(text: str) -> str:
    """``text`` with the user part of every URL replaced by ``****``.

    A variable's name (``${TOKEN}``) and the user of an ssh address without a password are no secrets and stay.
    """

    def hide(found: re.Match[str]) -> str:
        scheme, user = found["scheme"], found["user"]
        if re.fullmatch(_VARIABLES, user) or (scheme.endswith("ssh") and ":" not in user):
            return found[0]
        return f"{scheme}://{HIDDEN}@"

    return re.sub(_USER, hide, text) if "@" in text else text


def restore(text: str, root: Path, files: Iterable[str]) -> str:
    """The inverse of :func:`redact`, as far as ``files`` (relative to ``root``) still hold the URLs."""
    if f"{HIDDEN}@" not in text:
        return text
    for written in list_texts(root, files):
        for url in sorted(set(re.findall(_URL, written)), key=len, reverse=True):
            text = text.replace(redact(url), url)
    return text


def list_texts(root: Path, files: Iterable[str]) -> Iterator[str]:
    """What stands in those of ``files``, relative to ``root``, that are still there."""
    for name in files:
        with suppress(OSError):
            yield (root / name).read_text("utf-8", "replace")
