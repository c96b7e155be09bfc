"""How much of the disk environments use: every file counted once, however many links lead to it.

Packages are linked, not copied, from the caches of uv and rattler and so from one environment to the next; the sum of
what ``du`` says of each folder would be many times the truth. On file systems that share blocks instead (APFS, Btrfs,
XFS with reflinks) nobody can say cheaply what is shared, and every copy counts.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from reenact.values import NamedTuple

_BLOCK = 512
"""The unit of ``st_blocks``, whatever the file system's own (stat(2))."""

File = tuple[int, int]


class Size(NamedTuple):
    """Bytes on disk: ``whole`` of all that is in a folder, ``own`` of what would be free again if it alone went."""

    whole: int
    own: int


class Census:
    """The files of some folders, by device and number. Folders can be taken out again.

    ``total`` is the bytes on disk of all of them together, ``shared`` of those files that two folders or more have.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._size: dict[File, int] = {}
        self._links: dict[File, int] = {}
        self._folders = {folder: self._count(folder) for folder in folders}
        self._owners = Counter(file for files in self._folders.values() for file in files)
        self.total = sum(self._size[file] for file in self._owners)

    @property
    def shared(self) -> int:
        """Bytes of the files that two folders or more have."""
        return sum(self._size[file] for file, owners in self._owners.items() if owners > 1)

    @property
    def outside(self) -> int:
        """Bytes of the files that something else has too: a cache of uv's, say."""
        inside: Counter[File] = Counter()
        for files in self._folders.values():
            inside.update(files)
        return sum(self._size[file] for file, count in inside.items() if self._links[file] > count)

    def measure(self, folder: Path) -> Size:
        """What one of the folders uses."""
        files = self._folders[folder]
        own = sum(self._size[file] for file, count in files.items() if count >= self._links[file])
        return Size(sum(map(self._size.__getitem__, files)), own)

    def remove(self, folder: Path) -> int:
        """Go on as if the folder were deleted; the bytes that this would free on the disk."""
        freed = self.measure(folder).own
        for file, count in self._folders.pop(folder).items():
            self._links[file] -= count
            self._owners[file] -= 1
            if not self._owners[file]:
                self.total -= self._size[file]
                del self._owners[file]
        return freed

    def _count(self, folder: Path) -> Counter[File]:
        found: Counter[File] = Counter()
        waiting = [str(folder)]
        while waiting:
            with suppress(FileNotFoundError):  # Deleted while we look.
                path = waiting.pop()
                self._add(found, os.lstat(path), links=1)
                with os.scandir(path) as scan:
                    entries = list(scan)
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        with suppress(FileNotFoundError):
                            self._add(found, entry.stat(follow_symlinks=False))
        return found

    def _add(self, found: Counter[File], status: os.stat_result, links: int | None = None) -> None:
        # The links of a folder are those of the folders in it and no names of its own.
        file = (status.st_dev, status.st_ino)
        found[file] += 1
        self._size[file] = status.st_blocks * _BLOCK
        self._links[file] = status.st_nlink if links is None else links
