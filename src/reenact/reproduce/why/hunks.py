"""What differs between two trees, in pieces to be taken over one by one: hunks of texts, other files as a whole."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from reenact.sources.capture.store import Entry, Store
from reenact.values import NamedTuple

_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


class Lines(NamedTuple):
    """Lines of an old text that give way to lines of a new one: the first of each, counted from 0, and how many."""

    old: int
    old_count: int
    new: int
    new_count: int


class Hunk(NamedTuple):
    """A piece: some lines of a file; or all of it, where it came, went, is no text, or has another mode."""

    path: str
    lines: Lines | None = None

    def describe(self) -> str:
        """The place in the new file, as a reader finds it: ``train.py:12-14``; where lines went, the one before."""
        if self.lines is None:
            return self.path
        first, count = self.lines.new, self.lines.new_count
        if count == 0:
            return f"{self.path}:{max(first, 1)}"
        return f"{self.path}:{first + 1}" + (f"-{first + count}" if count > 1 else "")


def list_hunks(old: str, new: str, store: Store) -> tuple[Hunk, ...]:
    """The pieces by which the tree ``new`` differs from ``old``, in the order of their places.

    Raises:
        RecordError: a tree is not in the store.
    """
    before, after = store.list_tree(old), store.list_tree(new)
    found: list[Hunk] = []
    for path in sorted(before.keys() | after.keys()):
        was, now = before.get(path), after.get(path)
        if was == now:
            continue
        if was is None or now is None or was.mode != now.mode or was.mode == "120000":
            found.append(Hunk(path))
        else:
            found += parse_hunks(path, store.render_blob_diff(was.oid, now.oid)) or [Hunk(path)]
    return tuple(found)


def parse_hunks(path: str, diff: bytes) -> list[Hunk]:
    """The hunks in a diff without context lines; none where it is of files that are no text."""
    found = []
    for line in diff.split(b"\n"):
        match = _HUNK.match(line)
        if match:
            start, count, to, more = (int(group) if group else 1 for group in match.groups())
            # Of no lines, the number is that of the line before.
            lines = Lines(start - (count > 0), count, to - (more > 0), more)
            found.append(Hunk(path, lines))
    return found


def take_hunks(old: str, new: str, hunks: Collection[Hunk], store: Store) -> str:
    """The tree ``old`` with those pieces of ``new``.

    Raises:
        RecordError: a tree is not in the store.
        StorageError: the store cannot be written.
    """
    before, after = store.list_tree(old), store.list_tree(new)
    entries = dict(before)
    by_path: dict[str, list[Lines]] = {}
    for hunk in hunks:
        if hunk.lines is None:
            _take_whole(hunk.path, entries, after)
        else:
            by_path.setdefault(hunk.path, []).append(hunk.lines)
    contents = {
        path: apply_lines(store.read_blob(before[path].oid), store.read_blob(after[path].oid), chosen)
        for path, chosen in by_path.items()
    }
    for path, oid in zip(contents, store.keep_contents(list(contents.values())), strict=True):
        entries[path] = Entry(after[path].mode, oid)
    return store.write_tree(entries)


def _take_whole(path: str, entries: dict[str, Entry], after: Mapping[str, Entry]) -> None:
    if path in after:
        entries[path] = after[path]
    else:
        entries.pop(path, None)


def apply_lines(old: bytes, new: bytes, chosen: Iterable[Lines]) -> bytes:
    """``old`` with lines of ``new`` in the places that are chosen. Pure."""
    before, after = _LINE.findall(old), _LINE.findall(new)
    found: list[bytes] = []
    at = 0
    for lines in sorted(chosen):
        found += before[at : lines.old]
        found += after[lines.new : lines.new + lines.new_count]
        at = lines.old + lines.old_count
    return b"".join(found + before[at:])
