"""Text that a program opens as a file and that is nowhere on a disk.

It is in memory, or in a file without a name where the system has no such memory, and is gone with the last process that
holds it, however that ends.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

HANDED = "\0handed"
"""Stands in an argument list for the path of the text; no argument of anybody's can be the same."""


@contextmanager
def handing(argv: Sequence[str], text: bytes) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
    """``argv`` with the path of ``text`` in it, and the descriptors that the program has to be started with.

    They are closed at the end of the block: whoever was started within has its own.
    """
    if HANDED not in argv:
        yield tuple(argv), ()
        return
    descriptor = _open_unnamed()
    try:
        rest = memoryview(text)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        # Where /dev/fd means the same open file, and not the file opened anew, the reader begins where we stopped.
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield tuple(f"/dev/fd/{descriptor}" if word == HANDED else word for word in argv), (descriptor,)
    finally:
        os.close(descriptor)


def _open_unnamed() -> int:
    if sys.platform == "linux":
        return os.memfd_create("reenact")
    from tempfile import TemporaryFile

    with TemporaryFile() as file:
        return os.dup(file.fileno())
