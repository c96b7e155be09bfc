"""What is in a bundle, and the rules that its names, links and sizes keep to. Pure but for the reading of files."""

import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from blake3 import blake3

from reenact.codec import decode, encode
from reenact.errors import RecordError, StorageError
from reenact.hints import Literal
from reenact.records.life import ID_LENGTH
from reenact.values import NamedTuple

VERSION = 1
NAME, PROVENANCE, CRATE, BILL = "manifest.json", "provenance.intoto.jsonl", "ro-crate-metadata.json", "bom.cdx.json"
"""The members at the top. The first two are no entries of the manifest."""

MADE = "made.json"
"""In ``packages/``: which of them stand for something that the lock names."""

PLACES = ("artifacts", "code", "inputs", "outputs", "packages", "record")
"""The folders at the top."""

Mode = Literal["100644", "100755", "120000"]
OWN = ("alive", "imported.json", "kept-inputs", *PLACES)
"""What a run folder has that is of this machine, or has a place of its own in a bundle."""

FILE: Mode = "100644"
EXECUTABLE: Mode = "100755"
LINK: Mode = "120000"
"""The modes, which are git's."""

LARGEST = 64 << 20
"""Bytes that a manifest may have, a quarter of a million members."""

_CHUNK = 1 << 20
RECORD_FILE = r"[A-Za-z0-9][A-Za-z0-9._-]*"
"""The names that the files of a record may have (a regular expression)."""
_FOLLOWED = 40
_DEEPEST = 256


class Entry(NamedTuple):
    """A member: its name with ``/``, bytes, mode (git's) and digests. Those of a link are of where it leads."""

    name: str
    size: int
    mode: Mode
    blake3: str
    sha256: str


class Manifest(NamedTuple):
    """What a bundle of the run ``run`` holds; ``code`` is the git tree id of what is below ``code/``.

    ``links`` are where the members that are links lead, by name.
    """

    run: str
    members: tuple[Entry, ...]
    links: tuple[tuple[str, str], ...] = ()
    code: str | None = None
    version: int = VERSION

    @property
    def size(self) -> int:
        """Bytes of all members together."""
        return sum(entry.size for entry in self.members)


def render_manifest(manifest: Manifest) -> bytes:
    """The member ``manifest.json``."""
    return encode(manifest)


def parse_manifest(data: bytes) -> Manifest:
    """The inverse.

    Raises:
        RecordError: it is damaged, of a version that is not known, or breaks a rule.
    """
    try:
        manifest = decode(Manifest, data)
    except (ValueError, RecursionError) as problem:
        raise RecordError(f"the bundle is refused: its manifest is damaged: {problem}") from problem
    if manifest.version != VERSION:
        message = f"the bundle is of version {manifest.version}, and this reenact knows version {VERSION}"
        raise RecordError(message, hint="use a newer reenact")
    check_manifest(manifest)
    return manifest


def check_manifest(manifest: Manifest) -> None:
    """See that the members are what a bundle may have, each once, in order. Links that lead out are found by
    :func:`list_leading_out`.

    Raises:
        RecordError: one is not.
    """
    if not re.fullmatch(rf"[0-9a-f]{{{ID_LENGTH}}}", manifest.run):
        raise _refused(f"'{manifest.run}' is no id of a run")
    if manifest.code is not None and not re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", manifest.code):
        raise _refused(f"'{manifest.code}' is no id of a tree")
    names = [entry.name for entry in manifest.members]
    for entry in manifest.members:
        _check_entry(entry)
    if any(not _sort_key(one) < _sort_key(other) for one, other in pairwise(names)):
        raise _refused("its members are not in order, or one is there twice")
    files = set(names)
    for name in names:
        for parent in _parents(name):
            if parent in files:
                raise _refused(f"'{parent}' is a file, and '{name}' would lie in it")
    if [name for name, _ in manifest.links] != [each.name for each in manifest.members if each.mode == LINK]:
        raise _refused("where its links lead is not said of each")
    sizes = {entry.name: entry.size for entry in manifest.members if entry.mode == LINK}
    for name, target in manifest.links:
        if not target or "\0" in target or not _is_encodable(target) or len(os.fsencode(target)) != sizes[name]:
            raise _refused(f"'{name}' is a link to nowhere")


def list_leading_out(manifest: Manifest) -> list[str]:
    """The links that lead out of their own folder at the top, also by way of others; and those that go in circles."""
    links = dict(manifest.links)
    return [name for name in links if _leads_out(name, links)]


def leads_elsewhere(path: str) -> bool:
    """Whether a relative path is none of a file below the folder that it is relative to."""
    return "\0" in path or any(part in ("", ".", "..") for part in path.split("/"))


def is_too_long(path: str) -> bool:
    """Whether no file can have the path, or no one would: who deletes a folder goes down into it."""
    parts = path.split("/")
    return len(parts) > _DEEPEST or len(os.fsencode(path)) > 4096 or any(len(os.fsencode(part)) > 255 for part in parts)


def make_entry(name: str, mode: Mode, content: Path | bytes) -> Entry:
    """The entry of a member whose content is a file, or these bytes.

    Raises:
        StorageError: the file cannot be read.
    """
    from hashlib import sha256

    one, other, size = blake3(), sha256(), 0
    for chunk in read_chunks(content):
        one.update(chunk)
        other.update(chunk)
        size += len(chunk)
    return Entry(name, size, mode, one.hexdigest(), other.hexdigest())


def digest_content(content: Path | bytes) -> str:
    """BLAKE3 of a content.

    Raises:
        StorageError: the file cannot be read.
    """
    hasher = blake3()
    for chunk in read_chunks(content):
        hasher.update(chunk)
    return hasher.hexdigest()


def read_chunks(content: Path | bytes) -> Iterator[bytes]:
    """A content, a piece at a time.

    Raises:
        StorageError: the file cannot be read.
    """
    if isinstance(content, bytes):
        yield content
        return
    try:
        with content.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as problem:
        raise StorageError(f"cannot read {content}: {problem.strerror or problem}") from problem


def sort_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """In the order of a bundle: by the bytes of their names."""
    return tuple(sorted(entries, key=lambda entry: _sort_key(entry.name)))


def _sort_key(name: str) -> bytes:
    return os.fsencode(name)


def _check_entry(entry: Entry) -> None:
    name = entry.name
    if not _is_encodable(name):
        raise _refused(f"the name {name!r} is no text that a file could have")
    parts = name.split("/")
    if "\\" in name or leads_elsewhere(name):
        raise _refused(f"the name {name!r} leads elsewhere (path traversal)")
    if is_too_long(name):
        raise _refused(f"the name '{name[:60]}…' is too long")
    if len(parts) == 1:
        if name not in (CRATE, BILL):
            raise _refused(f"it has a member '{name}', which no bundle has")
    elif parts[0] not in PLACES:
        raise _refused(f"it has a member '{name}', which no bundle has")
    if parts[0] == "code" and ".git" in map(str.lower, parts):
        raise _refused(f"'{name}' is a part of git's own, which no code has")
    if parts[0] == "record" and (len(parts) != 2 or parts[1] in OWN or not re.fullmatch(RECORD_FILE, parts[1])):
        raise _refused(f"it has a member '{name}', which no record has")
    if parts[0] == "packages" and not _is_package(parts, entry):
        raise _refused(f"it has a member '{name}', which is no package")
    if parts[0] == "inputs" and parts[1:] != [entry.blake3]:
        raise _refused(f"it has a member '{name}', which is no input")
    if entry.mode != FILE and parts[0] not in ("code", "outputs", "artifacts") and parts[1:2] != ["trees"]:
        raise _refused(f"'{name}' is a link or a program, where only plain files are")
    if entry.size < 0:
        raise _refused(f"'{name}' is of less than no bytes")
    if not re.fullmatch("[0-9a-f]{64}", entry.blake3) or not re.fullmatch("[0-9a-f]{64}", entry.sha256):
        raise _refused(f"'{name}' has no digests")


def _is_package(parts: list[str], entry: Entry) -> bool:
    """Whether it is a file below its own digest, a part of a tree below the tree's, or what says which is for what."""
    if parts[1:] == [MADE]:
        return True
    if parts[1:2] == ["trees"]:
        return len(parts) > 3 and re.fullmatch("[0-9a-f]{64}", parts[2]) is not None
    return len(parts) == 3 and parts[1] == entry.sha256


def _is_encodable(text: str) -> bool:
    """Whether a file of this machine can have this name: JSON can hold halves of characters that stand for no byte."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def _parents(name: str) -> Iterator[str]:
    while (name := name.rpartition("/")[0]) and "/" in name:
        yield name


def _leads_out(name: str, links: dict[str, str]) -> bool:
    """Follow the link by its text, through whatever other links of the bundle it passes."""
    parts = name.split("/")
    place = parts[:3] if parts[:2] == ["packages", "trees"] else parts[:1]
    rest, at, count = links[name].split("/"), posixpath.dirname(name).split("/"), 0
    if links[name].startswith("/"):
        return True
    while rest:
        part = rest.pop(0)
        if part in ("", "."):
            continue
        at = at[:-1] if part == ".." else [*at, part]
        if at[: len(place)] != place:
            return True
        further = links.get("/".join(at))
        if further is not None:
            count += 1
            if further.startswith("/") or count > _FOLLOWED:
                return True
            at, rest = at[:-1], [*further.split("/"), *rest]
    return False


def _refused(why: str) -> RecordError:
    return RecordError(f"the bundle is refused: {why}")
