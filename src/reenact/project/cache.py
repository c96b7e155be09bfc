"""What was read in a file, kept under the digest of its bytes. The cache is handed in: this touches no disk."""

from blake3 import blake3

from reenact import __version__
from reenact.hints import Protocol

MAX_BYTES = 1 << 20
"""The size of the largest file that is read."""


class Cache(Protocol):
    """Keeps texts by digest. Neither method raises; losing what was kept is no error."""

    def find(self, digest: str) -> bytes | None:
        """What was kept under this digest."""

    def keep(self, digest: str, data: bytes) -> None:
        """Keep it, if that is possible."""


class NoCache:
    """Keeps nothing."""

    def find(self, digest: str) -> bytes | None:
        """None."""

    def keep(self, digest: str, data: bytes) -> None:
        """Nothing."""


def make_digest(what: str, data: bytes) -> str:
    """The name in the cache of ``what`` this version reads in ``data``."""
    return blake3(f"{__version__} {what}\0".encode() + data).hexdigest()
