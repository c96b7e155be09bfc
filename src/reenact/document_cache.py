"""Parsed project files kept on disk, so that a warm start does not parse them again."""

import os
import re
from functools import cache
from pathlib import Path

from reenact.errors import StorageError
from reenact.files import make_folder, write_atomic
from reenact.home import Home
from reenact.values import NamedTuple

CREDENTIALS = rb"://[^/\s\"']*@"


class DocumentCache(NamedTuple):
    """A :class:`reenact.project.cache.Cache`: one file a document in ``folder``, named by its digest and the reader's
    ``stamp``."""

    folder: Path
    stamp: str = ""

    def find(self, digest: str) -> bytes | None:
        """What was kept, or None if it is not there or cannot be read."""
        try:
            return (self.folder / f"{digest}{self.stamp}").read_bytes()
        except OSError:
            return None

    def keep(self, digest: str, data: bytes) -> None:
        """Write it, whole or not at all. A home that cannot be written costs time and nothing else.

        A file that holds an address with credentials is read anew every time: nothing of ours keeps those.
        """
        if re.search(CREDENTIALS, data):
            return
        try:
            write_atomic(make_folder(self.folder) / f"{digest}{self.stamp}", data)
        except StorageError:
            return


def find_documents(home: Home) -> DocumentCache:
    """The cache in this home."""
    return DocumentCache(home.documents, f"-{_find_stamp():x}")


@cache
def _find_stamp() -> int:
    """When the code that reads documents was written: while somebody works on it, its version says nothing."""
    with os.scandir(Path(__file__).parent / "project") as files:
        return max((file.stat().st_mtime_ns for file in files if file.name.endswith(".py")), default=0)
