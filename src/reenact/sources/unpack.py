"""Put the members of a zip or tar archive below a folder, and nothing anywhere else.

One rule for both formats: a name has to stay inside by its text; files are written first, while there is no symbolic
link to be led astray by; links are made last, never over something, and each must then lead to a place inside. Modes
keep their executable bits only.
"""

from __future__ import annotations

import errno
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from reenact.errors import SourceError, StorageError
from reenact.hints import TYPE_CHECKING, Literal
from reenact.values import NamedTuple

if TYPE_CHECKING:
    from typing import IO

_BLOCK = 1 << 20
_STORAGE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO, errno.EMFILE}
"""What goes wrong with our own disk; every other error comes from names or data that no sound archive holds."""


class Limits(NamedTuple):
    """What an archive may come to: bytes of its unpacked files, number of its members."""

    size: int = 64 << 30
    members: int = 1_000_000


class _Member(NamedTuple):
    """A member: ``target`` is where a link leads, ``open`` gives the bytes of a file."""

    name: str
    kind: Literal["file", "folder", "symlink", "hardlink"]
    executable: bool = False
    target: str = ""
    open: Callable[[], IO[bytes] | None] | None = None


LIMITS = Limits()


def unpack(archive: Path, target: Path, limits: Limits = LIMITS) -> None:
    """Unpack ``archive``, whose format is told by its content, to the folder ``target``, which it makes.

    Raises:
        SourceError: it is no archive, it is broken or encrypted, a member leads outside, is no file, folder or link,
            or the limits are passed.
        StorageError: the disk is full.
    """
    try:
        with _open_archive(archive) as members:
            _unpack_members(members, target, limits)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, NotImplementedError, RuntimeError, ValueError) as problem:
        raise SourceError(f"{archive.name} is not a sound archive: {problem}") from problem
    except OSError as problem:
        if problem.errno in _STORAGE:
            raise StorageError(f"cannot unpack {archive.name}: {problem.strerror}") from problem
        raise SourceError(f"{archive.name} is not a sound archive: {problem}") from problem


@contextmanager
def _open_archive(archive: Path) -> Iterator[Iterator[_Member]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield _list_zip(opened)
    elif not tarfile.is_tarfile(archive):
        raise SourceError(f"{archive.name} is not a sound archive: it is neither a zip nor a tar file")
    else:
        with tarfile.open(archive, "r:*") as packed:
            yield _list_tar(packed)


def _list_zip(archive: zipfile.ZipFile) -> Iterator[_Member]:
    for info in archive.infolist():
        mode = info.external_attr >> 16
        if info.flag_bits & 1:
            raise SourceError(f"the archive is encrypted: {info.filename}")
        if info.is_dir():
            yield _Member(info.filename, "folder")
        elif stat.S_ISLNK(mode):
            yield _Member(info.filename, "symlink", target=archive.read(info).decode("utf-8", "surrogateescape"))
        elif stat.S_IFMT(mode) in {0, stat.S_IFREG}:
            yield _Member(info.filename, "file", bool(mode & 0o111), open=partial(archive.open, info))
        else:
            raise _refused(info.filename, "is a device, a pipe or a socket")


def _list_tar(archive: tarfile.TarFile) -> Iterator[_Member]:
    for info in archive:
        if info.isdir():
            yield _Member(info.name, "folder")
        elif info.isfile():
            yield _Member(info.name, "file", bool(info.mode & 0o111), open=partial(archive.extractfile, info))
        elif info.issym():
            yield _Member(info.name, "symlink", target=info.linkname)
        elif info.islnk():
            yield _Member(info.name, "hardlink", target=info.linkname)
        else:
            raise _refused(info.name, "is a device, a pipe or a socket")
    # The check sum comes after the last member: read on, so that a cut file is not taken for a whole one.
    while archive.fileobj is not None and archive.fileobj.read(_BLOCK):
        pass


def _unpack_members(members: Iterator[_Member], target: Path, limits: Limits) -> None:
    target.mkdir(parents=True)
    links: list[tuple[Path, str]] = []
    left = limits.size
    for count, member in enumerate(members, 1):
        if count > limits.members:
            raise SourceError(f"the archive has more than {limits.members} members")
        path = target / _checked_name(member.name)
        if member.kind == "folder":
            path.mkdir(parents=True, exist_ok=True)
            continue
        if path == target:
            raise _refused(member.name, "has no name")
        path.parent.mkdir(parents=True, exist_ok=True)
        if member.kind == "symlink":
            links.append((path, member.target))
        else:
            left -= _write_file(member, path, target, left)
        if left < 0:
            raise SourceError(f"the archive holds more than {limits.size} bytes")
    _make_links(links, target)


def _write_file(member: _Member, path: Path, target: Path, most: int) -> int:
    """Write a file's bytes and return their number; stops soon after more than ``most``."""
    written = 0
    if member.kind == "hardlink":
        first = target / _checked_name(member.target)
        if not first.is_file():
            raise _refused(member.name, f"is a link to '{member.target}', which is not in the archive before it")
        executable = os.access(first, os.X_OK)
        source: IO[bytes] | None = first.open("rb")
    else:
        executable, source = member.executable, member.open() if member.open else None
    if source is None:
        raise _refused(member.name, "has no content")
    with source, path.open("wb") as file:
        while (block := source.read(_BLOCK)) and written <= most:
            file.write(block)
            written += len(block)
    path.chmod(0o755 if executable else 0o644)
    return written


def _make_links(links: list[tuple[Path, str]], target: Path) -> None:
    root = os.path.realpath(target)
    for path, leads_to in links:
        if os.path.isabs(leads_to):
            raise _refused(str(path.relative_to(target)), f"is a link to '{leads_to}', outside of it")
        if os.path.lexists(path):
            raise _refused(str(path.relative_to(target)), "is there twice, once as a link")
        path.symlink_to(leads_to)
    # Only now do all links exist that one link may lead through.
    for path, leads_to in links:
        real = os.path.realpath(path)
        if real != root and not real.startswith(root + os.sep):
            raise _refused(str(path.relative_to(target)), f"is a link to '{leads_to}', outside of it")


def _checked_name(name: str) -> str:
    parts = name.split("/")
    if name.startswith("/") or ".." in parts:
        raise _refused(name, "leads outside of it (path traversal)")
    return "/".join(part for part in parts if part not in {"", "."}) or "."


def _refused(name: str, why: str) -> SourceError:
    return SourceError(f"the archive is refused: its member '{name}' {why}")
