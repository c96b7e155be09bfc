"""zstd, by the standard library where it has it (Python 3.14), else by ``backports.zstd``, the extra ``bundle``.

One frame with a check sum, one thread, one level: the bytes follow from the content and the version of libzstd. What is
read may ask for a window of 8 MiB and no more, and gives what is asked for and no more.
"""

from __future__ import annotations

from reenact.errors import RecordError, UnsupportedError
from reenact.hints import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import IO

LEVEL = 3
_WINDOW = 23
_CHUNK = 1 << 17


class Packed:
    """A file to write to; what it is given comes out compressed at ``target``."""

    def __init__(self, target: IO[bytes]) -> None:
        zstd = load_zstd()
        names = zstd.CompressionParameter
        options = {names.compression_level: LEVEL, names.checksum_flag: 1, names.content_size_flag: 0}
        self._packing = zstd.ZstdCompressor(options=options)
        self._target = target

    def write(self, data: bytes) -> None:
        """Take more in."""
        self._target.write(self._packing.compress(data))

    def finish(self) -> None:
        """End the frame; the file stays open."""
        self._target.write(self._packing.flush())


class Unpacked:
    """A compressed file to read from, piece by piece."""

    def __init__(self, source: IO[bytes]) -> None:
        zstd = load_zstd()
        self._error = zstd.ZstdError
        self._unpacking = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW})
        self._source = source

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; none at the end.

        Raises:
            RecordError: it is damaged or cut short, asks for too much memory, or something stands behind the frame.
        """
        try:
            while not self._unpacking.eof:
                more = self._source.read(_CHUNK) if self._unpacking.needs_input else b""
                if self._unpacking.needs_input and not more:
                    raise RecordError("the bundle is refused: it ends before it is whole")
                if data := self._unpacking.decompress(more, size):
                    return bytes(data)
        except self._error as problem:
            raise RecordError(f"the bundle is refused: it is no sound zstd file: {problem}") from problem
        if self._unpacking.unused_data or self._source.read(1):
            raise RecordError("the bundle is refused: something stands behind its end")
        return b""


def load_zstd() -> Any:
    """The module; both have the same names.

    Raises:
        UnsupportedError: there is none.
    """
    import sys

    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as problem:
        raise UnsupportedError(
            "bundles need a package that is not installed", hint="python -m pip install 'reenact[bundle]'"
        ) from problem
    return zstd
