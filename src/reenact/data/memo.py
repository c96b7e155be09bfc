"""What files held when they were last read, so that a file that did not change is not read again.

One small file for each declared place, in the home; of very many the oldest go. A file counts as unchanged while its
size, both of its times, its inode and its device are the same; what was changed within the last moments before it was
read is not trusted.
"""

import json
import os
from contextlib import suppress
from pathlib import Path

from blake3 import blake3

from reenact.data.content import Content, list_facts
from reenact.errors import StorageError
from reenact.files import make_folder, write_atomic
from reenact.world import World

SETTLED = 2.0
"""Seconds after which an unchanged time of change means unchanged content (as for git's racy entries)."""


class Memo:
    """The digests that are known of the files at ``place`` and below, one of ``most`` places that are remembered.

    Losing them costs time and nothing else.
    """

    def __init__(self, place: Path, world: World, most: int = 2000) -> None:
        self._most = most
        self._file = world.home.digests / blake3(os.fsencode(place)).hexdigest()[:32]
        self._now = world.now
        self._known = _load(self._file)
        self._used: dict[str, tuple[list[int], str]] = {}
        self._changed = False

    def find(self, path: str, status: os.stat_result) -> str | None:
        """The digest of an unchanged file."""
        facts, digest = self._known.get(path, ([], ""))
        if facts != list(list_facts(status)):
            return None
        self._used[path] = (facts, digest)
        return digest

    def keep(self, path: str, content: Content, began: float) -> None:
        """Know the file's content from now on, unless it was changed a moment before it began to be read."""
        changed = max(content.status.st_mtime, content.status.st_ctime)
        if began - changed > SETTLED:
            self._used[path] = (list(list_facts(content.status)), content.digest)
            self._changed = True

    def save(self) -> None:
        """Write it, where something is new; what was not asked for this time is forgotten."""
        if not self._changed:
            return
        data = {os.fsencode(path).decode("latin-1"): entry for path, entry in self._used.items()}
        with suppress(StorageError):
            make_folder(self._file.parent)
            if not self._file.exists():
                _make_room(self._file.parent, self._most)
            write_atomic(self._file, json.dumps(data, separators=(",", ":")).encode("ascii"))


def _make_room(folder: Path, most: int) -> None:
    """Forget the older half of very many places before another one is remembered."""
    names = os.listdir(folder)
    if len(names) < most:
        return
    with suppress(OSError):  # Somebody else makes room, too.
        oldest = sorted((folder / name for name in names), key=lambda path: path.stat().st_mtime_ns)
        for path in oldest[: most // 2]:
            path.unlink(missing_ok=True)


def _load(file: Path) -> dict[str, tuple[list[int], str]]:
    try:
        plain = json.loads(file.read_bytes())
        return {os.fsdecode(path.encode("latin-1")): (facts, digest) for path, (facts, digest) in plain.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
