"""The commit that captured files are of: the object itself, and how its files differ from the captured ones.

With both, a repository can be made for the files again in which git says the same of them. A commit is a few hundred
bytes, and so it is kept with the record and not in the store, where git would ask for those that came before it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from hashlib import sha1

from reenact.process.git import Git
from reenact.records.types import Committed, Tag
from reenact.sources.capture.blobs import read_blobs
from reenact.sources.capture.listing import SUBMODULE, Listing
from reenact.sources.capture.store import Entry, parse_tree
from reenact.values import NamedTuple

MOST = 2000
"""Differences that are recorded. Who has changed more than this since a commit gets no repository again."""
MOST_TAGS = 20


class Described(NamedTuple):
    """The commit as text, how its files differ from those that were captured, and the tags that name it."""

    commit: str | None = None
    committed: tuple[Committed, ...] = ()
    tags: tuple[Tag, ...] = ()


def describe_commit(listing: Listing, entries: Mapping[str, Entry], tree: str, git: Git) -> Described:
    """The commit that ``entries`` are of, whose tree is ``tree``; empty where there is none, or where it cannot be had
    whole. ``git`` works in the repository."""
    oid = listing.status.commit if listing.status else None
    if oid is None:
        return Described()
    git = git.within(GIT_NO_REPLACE_OBJECTS="1")
    tags = _list_tags(git)
    contents = read_blobs([oid, *(each for each in tags.values() if each != oid)], git)
    content = contents.get(oid)
    if content is None or hash_object("commit", content) != oid:
        return Described()
    committed: tuple[Committed, ...] = ()
    if find_tree(content) != tree:
        result = git.run("ls-tree", "-r", "-z", "--full-tree", oid)
        committed = compare(parse_tree(result.data), entries, listing.changed)
        if not result.ok or len(committed) > MOST:
            return Described()
    texts = {each: None if each == oid else render(contents[each]) for each in tags.values() if each in contents}
    named = tuple(Tag(name, texts[each]) for name, each in tags.items() if each in texts)
    return Described(render(content), committed, named)


def _list_tags(git: Git) -> dict[str, str]:
    """The tags that name HEAD, with the ids of the tags themselves."""
    asked = ("--points-at=HEAD", f"--count={MOST_TAGS}", "--format=%(objectname) %(refname:lstrip=2)", "refs/tags")
    lines = os.fsdecode(git.run("for-each-ref", *asked).data).splitlines()
    return {name: oid for oid, _, name in (line.partition(" ") for line in lines)}


def render(content: bytes) -> str:
    """An object as text, whatever bytes are in it."""
    return content.decode("utf-8", "surrogateescape")


def parse(text: str | None) -> bytes:
    """The inverse; empty for what is no object's text."""
    try:
        return (text or "").encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return b""


def compare(theirs: Mapping[str, Entry], ours: Mapping[str, Entry], changed: Collection[str]) -> tuple[Committed, ...]:
    """How the files of a commit differ from those that were captured; ``changed`` are those that git says to. Pure."""
    found = [
        Committed(path, *entry, unseen=entry.mode != SUBMODULE and path not in ours and path not in changed)
        for path, entry in theirs.items()
        if ours.get(path) != entry
    ]
    folders = {
        f"{'/'.join(parts[:at])}/" for parts in (path.split("/") for path in theirs) for at in range(1, len(parts))
    }
    inner = tuple(f"{path}/" for path, entry in theirs.items() if entry.mode == SUBMODULE)
    beside = {_find_top(path, folders): None for path in ours if path not in theirs and not path.startswith(inner)}
    return tuple(sorted((*found, *map(Committed, beside)), key=lambda each: each.path))


def apply(committed: Collection[Committed], ours: Mapping[str, Entry]) -> dict[str, Entry]:
    """The files of the commit: the inverse of :func:`compare`. Pure."""
    gone = {each.path for each in committed if each.oid is None}
    folders = tuple(path for path in gone if path.endswith("/"))
    folders += tuple(f"{each.path}/" for each in committed if each.mode == SUBMODULE)
    kept = {path: entry for path, entry in ours.items() if path not in gone and not path.startswith(folders)}
    return kept | {each.path: Entry(each.mode, each.oid) for each in committed if each.mode and each.oid}


def hash_object(kind: str, content: bytes) -> str:
    """The id of a commit or a tag."""
    return sha1(frame(kind, content), usedforsecurity=False).hexdigest()


def frame(kind: str, content: bytes) -> bytes:
    """An object as git stores it, before it is compressed."""
    return b"%b %d\0%b" % (kind.encode(), len(content), content)


def find_tree(content: bytes) -> str:
    """The id of the tree of a commit."""
    return content.partition(b"\n")[0].removeprefix(b"tree ").decode("ascii", "replace")


def has_parents(content: bytes) -> bool:
    """Whether there is history before it."""
    return b"\nparent " in content.partition(b"\n\n")[0]


def _find_top(path: str, folders: Collection[str]) -> str:
    """The outermost folder around ``path`` that is not one of ``folders``, or ``path`` itself."""
    parts = path.split("/")
    tops = (f"{'/'.join(parts[:at])}/" for at in range(1, len(parts)))
    return next((top for top in tops if top not in folders), path)
