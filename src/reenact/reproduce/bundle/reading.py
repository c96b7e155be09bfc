"""Read a bundle that may be anybody's: nothing is believed before it has been checked, and nothing is looked for.

The manifest comes first and says all that follows. So this reads no tar: it makes the bytes that have to come and
compares them with those that do. Whatever else an archive can hold (a device, a hard link, a second member of the same
name, a size that differs, anything behind the end) is a difference like any other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from hashlib import sha256

from blake3 import blake3

from reenact.errors import RecordError
from reenact.hints import TYPE_CHECKING
from reenact.reproduce.bundle.compression import Unpacked
from reenact.reproduce.bundle.manifest import FILE, LARGEST, LINK, NAME, PROVENANCE, Entry, Manifest, parse_manifest
from reenact.reproduce.bundle.tar import BLOCK, END, describe_head, padding, read_size, render_head
from reenact.values import NamedTuple

if TYPE_CHECKING:
    from typing import IO

_CHUNK = 1 << 20


class Opened(NamedTuple):
    """What stands first in a bundle: the manifest, its SHA-256, and the provenance as it was written."""

    manifest: Manifest
    digest: str
    provenance: bytes


class Bundle:
    """A bundle, open, read once from its beginning to its end.

    Raises:
        RecordError: what stands first is not the beginning of a bundle.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._stream = Unpacked(file)
        manifest = self._read_first(NAME)
        provenance = self._read_first(PROVENANCE)
        self.opened = Opened(parse_manifest(manifest), sha256(manifest).hexdigest(), provenance)

    def unpack(self, put: Callable[[Entry, Iterator[bytes]], None]) -> None:
        """Give every member's content to ``put``, piece by piece; the content of a link is where it leads.

        What was given counts when this has returned.

        Raises:
            RecordError: something is not as the manifest says.
        """
        links = dict(self.opened.manifest.links)
        for entry in self.opened.manifest.members:
            target = os.fsencode(links[entry.name]) if entry.mode == LINK else b""
            self._expect(render_head(entry, target), f"'{entry.name}'")
            pieces = iter((target,)) if entry.mode == LINK else self._read_content(entry)
            checked = _checked(entry, pieces)
            put(entry, checked)
            for _ in checked:
                pass
        self._expect(END, "the end")
        if self._stream.read(1):
            raise _refused("something stands behind its end")

    def _read_first(self, name: str) -> bytes:
        """The content of a member whose size is known from its head alone."""
        head = self._take(BLOCK)
        size = read_size(head)
        entry = Entry(name, size if size is not None else 0, FILE, "", "")
        if head != render_head(entry):
            raise _refused(f"it does not begin as a bundle does: {describe_head(head)} stands where '{name}' is due")
        if entry.size > LARGEST:
            raise _refused(f"its {name} is of {entry.size:,} bytes")
        return b"".join(self._read_content(entry))

    def _read_content(self, entry: Entry) -> Iterator[bytes]:
        left = entry.size
        while left:
            piece = self._stream.read(min(left, _CHUNK))
            if not piece:
                raise _refused(f"it ends inside '{entry.name}'")
            left -= len(piece)
            yield piece
        self._expect(padding(entry.size), f"what fills the last block of '{entry.name}'")

    def _expect(self, due: bytes, what: str) -> None:
        found = self._take(len(due))
        if found != due:
            raise _refused(f"{describe_head(found)} stands where {what} is due")

    def _take(self, size: int) -> bytes:
        parts = []
        while size and (part := self._stream.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _checked(entry: Entry, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces; at their end they have been what the manifest says."""
    one, other = blake3(), sha256()
    for piece in pieces:
        one.update(piece)
        other.update(piece)
        yield piece
    if (one.hexdigest(), other.hexdigest()) != (entry.blake3, entry.sha256):
        raise _refused(f"'{entry.name}' is not what the manifest says (digest)")


def _refused(why: str) -> RecordError:
    return RecordError(f"the bundle is refused: {why}")
