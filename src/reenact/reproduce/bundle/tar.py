"""The head of a tar member as bytes, always the same for the same member: GNU's format, which every tar reads.

No time, no owner: what is left is name, kind and size. Long names and targets of links come before the head as GNU's
``L`` and ``K`` members. A reader that knows what is due compares bytes.
"""

from __future__ import annotations

import os

from reenact.reproduce.bundle.manifest import LINK, Entry

BLOCK = 512
END = b"\0" * (2 * BLOCK)
"""What stands behind the last member."""

_NAME_LENGTH = 100
_LONG = "././@LongLink"
_KINDS = {"0": "a file", "1": "a hard link", "2": "a symbolic link", "3": "a device", "4": "a device", "5": "a folder",
          "6": "a pipe", "L": "a long name", "K": "a long link", "S": "a file with holes"}  # fmt: skip


def render_head(entry: Entry, target: bytes = b"") -> bytes:
    """All that stands before the content of ``entry``; ``target`` is where a link leads, which has no content."""
    name = os.fsencode(entry.name)
    is_link = entry.mode == LINK
    head = _render_long(name, b"L") + (_render_long(target, b"K") if is_link else b"")
    kind = b"2" if is_link else b"0"
    size = 0 if is_link else entry.size
    return head + _render_block(name, 0o777 if is_link else int(entry.mode[-3:], 8), size, kind, target)


def padding(size: int) -> bytes:
    """What fills the last block of a content of ``size`` bytes."""
    return b"\0" * (-size % BLOCK)


def read_size(block: bytes) -> int | None:
    """The size that a head says, where it is a plain number."""
    digits = block[124:135]
    return int(digits, 8) if digits.isdigit() and not digits.strip(b"01234567") else None


def describe_head(block: bytes) -> str:
    """What a block seems to be the head of, for a message: its kind and name."""
    name = block[:_NAME_LENGTH].split(b"\0")[0].decode("utf-8", "replace")
    kind = _KINDS.get(block[156:157].decode("latin-1"))
    if not any(block):
        return "the end"
    return f"{kind} '{name}'" if kind and block[257:262] == b"ustar" else "no tar member"


def _render_long(name: bytes, kind: bytes) -> bytes:
    if len(name) <= _NAME_LENGTH:
        return b""
    size = len(name) + 1
    return _render_block(_LONG.encode(), 0, size, kind, b"") + name + b"\0" + padding(size)


def _render_block(name: bytes, mode: int, size: int, kind: bytes, target: bytes) -> bytes:
    fields = [
        name[:_NAME_LENGTH].ljust(_NAME_LENGTH, b"\0"),
        _octal(mode, 8),
        _octal(0, 8),
        _octal(0, 8),
        _octal(size, 12) if size < 8**11 else b"\x80" + size.to_bytes(11, "big"),
        _octal(0, 12),
        b" " * 8,
        kind,
        target[:_NAME_LENGTH].ljust(_NAME_LENGTH, b"\0"),
        b"ustar  \0",
    ]
    block = b"".join(fields).ljust(BLOCK, b"\0")
    check = b"%06o\0 " % sum(block)
    return block[:148] + check + block[156:]


def _octal(number: int, width: int) -> bytes:
    return b"%0*o\0" % (width - 1, number)
