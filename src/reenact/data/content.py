"""The content of a file, read so that nothing can hold us up: only regular files that stay what they are."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from blake3 import blake3

from reenact.values import NamedTuple

_CHUNK = 1 << 20
_LARGE = 1 << 24
"""Bytes from which on it pays to digest with every processor."""

WORTH_TELLING = 1 << 26
"""Bytes from which on somebody may wonder what takes so long."""

_ATTEMPTS = 3
_NOT_STORED = ("/proc/", "/sys/", "/dev/")
"""Where files are made by the kernel while they are read."""

KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder that cannot be listed",
}


class Content(NamedTuple):
    """The BLAKE3 of a file's bytes, how many there are, and what stat(2) said of it while they were read."""

    digest: str
    size: int
    status: os.stat_result


class Unread(Exception):
    """A file was not read; the message says why, in a few words."""


def find_obstacle(path: str, status: os.stat_result) -> str | None:
    """Why a path is not opened, or None for a regular file of a disk."""
    if not stat.S_ISREG(status.st_mode):
        return KINDS.get(stat.S_IFMT(status.st_mode), "no regular file")
    return "made by the kernel while it is read" if path.startswith(_NOT_STORED) else None


def read_content(path: Path, take: Callable[[memoryview], object] | None = None) -> Content:
    """The file's content; links are followed. ``take`` is given each piece, from the beginning again if it has changed.

    Raises:
        Unread: it cannot be read, is no regular file, or did not stay the same while it was read.
    """
    try:
        where = os.path.realpath(path)
        if (obstacle := find_obstacle(where, os.stat(where))) is not None:
            raise Unread(obstacle)
        # Whatever may stand there by now: a pipe without a writer must not hold us up.
        descriptor = os.open(where, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Unread("no regular file")
            return _read_settled(descriptor, take)
        finally:
            os.close(descriptor)
    except OSError as problem:
        raise Unread(problem.strerror or str(problem)) from problem


def _read_settled(descriptor: int, take: Callable[[memoryview], object] | None) -> Content:
    for _ in range(_ATTEMPTS if take is None else 1):
        before = os.fstat(descriptor)
        os.lseek(descriptor, 0, os.SEEK_SET)
        digest, size = _read(descriptor, before.st_size, take)
        after = os.fstat(descriptor)
        if size == after.st_size and list_facts(before) == list_facts(after):
            return Content(digest, size, after)
    raise Unread("it changed while it was read")


def _read(descriptor: int, expected: int, take: Callable[[memoryview], object] | None) -> tuple[str, int]:
    hasher = blake3(max_threads=blake3.AUTO) if expected >= _LARGE else blake3()
    buffer = memoryview(bytearray(min(_CHUNK * (8 if expected >= _LARGE else 1), expected + 1)))
    size = 0
    # A file that grows all the time would never end.
    while size <= expected and (count := os.readv(descriptor, [buffer])):
        hasher.update(buffer[:count])
        if take is not None:
            take(buffer[:count])
        size += count
    return hasher.hexdigest(), size


def list_facts(status: os.stat_result) -> tuple[int, int, int, int, int]:
    """What changes when a file's content does: size, times of change in nanoseconds, inode, device."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev
