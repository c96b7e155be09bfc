"""Contents out of a repository, many at once."""

from __future__ import annotations

from collections.abc import Iterable

from reenact.process.git import Git


def read_blobs(oids: Iterable[str], git: Git) -> dict[str, bytes]:
    """The contents by id, as far as the repository that ``git`` works on has them."""
    text = "".join(f"{oid}\n" for oid in dict.fromkeys(oids))
    return parse_blobs(git.run("cat-file", "--batch", stdin=text.encode()).data) if text else {}


def parse_blobs(data: bytes) -> dict[str, bytes]:
    """What ``git cat-file --batch`` printed: ``ID TYPE SIZE``, the content, an end of line; ``ID missing``. Pure."""
    found = {}
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        words = data[at:end].decode().split(" ")
        at = end + 1
        if len(words) == 3:
            size = int(words[2])
            found[words[0]] = data[at : at + size]
            at += size + 1
    return found
