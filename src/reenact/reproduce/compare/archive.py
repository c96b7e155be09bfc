"""Archives (zip): member by member. Times, permissions and order are of the archive and do not count.

Nothing is unpacked under a name that the archive chose, nor more than it may.
"""

from __future__ import annotations

import errno
import lzma
import shutil
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile, ZipInfo

from reenact.project.types import Tolerance
from reenact.reproduce.compare import compare
from reenact.reproduce.compare.judgement import Judgement, Unreadable
from reenact.reproduce.compare.members import judge_members

_LARGEST = 1 << 30
_MOST = 100_000
_DEEPEST = 3


def judge(old: Path, new: Path, tolerance: Tolerance, depth: int) -> Judgement:
    """Compare two archives."""
    if depth >= _DEEPEST:
        raise Unreadable("too many archives in each other")
    with (
        TemporaryDirectory(prefix="reenact-") as aside,
        reading_zip(),
        ZipFile(old) as ours,
        ZipFile(new) as theirs,
    ):
        before, after = _list_members(ours), _list_members(theirs)

        def judge_one(name: str) -> Judgement:
            # The end of a name says what is in it, the rest is nobody's business.
            end = PurePosixPath(name).suffix
            suffix = end if end[1:].isalnum() else ""
            unpacked = Path(aside, f"old{suffix}"), Path(aside, f"new{suffix}")
            _unpack(ours, before[name], unpacked[0])
            _unpack(theirs, after[name], unpacked[1])
            return compare(*unpacked, tolerance, depth + 1)

        found = judge_members(before, after, tolerance, judge_one)
    if found.verdict == "identical":
        return Judgement("within tolerance", "every member that counts is the same: times, order or compression differ")
    return found


@contextmanager
def reading_zip() -> Iterator[None]:
    """Tell the damage of an archive, which the library tells in many ways, as what it is."""
    try:
        yield
    except (BadZipFile, zlib.error, lzma.LZMAError, struct.error, ValueError, IndexError) as problem:
        raise Unreadable(f"a damaged archive: {problem}") from problem
    except (EOFError, NotImplementedError, RuntimeError) as problem:
        raise Unreadable(f"an archive that cannot be read: {problem}") from problem
    except OSError as problem:
        # To seek before the beginning.
        if problem.errno != errno.EINVAL:
            raise
        raise Unreadable("a damaged archive") from problem


def _list_members(archive: ZipFile) -> dict[str, ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    found = {member.filename: member for member in members}
    if len(found) != len(members) or len(members) > _MOST:
        raise Unreadable("an archive with a name twice in it, or too many members")
    if sum(member.file_size for member in members) > _LARGEST:
        raise Unreadable(f"unpacks to more than {_LARGEST >> 20} MiB")
    return found


def _unpack(archive: ZipFile, member: ZipInfo, target: Path) -> None:
    """The member's bytes; the library reads no more of them than the archive says there are."""
    with archive.open(member) as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file)
