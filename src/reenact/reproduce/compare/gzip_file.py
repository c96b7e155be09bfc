"""Files compressed by gzip: by what is in them; the name and the time in their header do not count."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

from reenact.project.types import Tolerance
from reenact.reproduce.compare import compare
from reenact.reproduce.compare.judgement import Judgement, Unreadable

_LARGEST = 1 << 30
_CHUNK = 1 << 20
_DEEPEST = 3


def judge(old: Path, new: Path, tolerance: Tolerance, depth: int) -> Judgement:
    """Compare what two files unpack to."""
    if depth >= _DEEPEST:
        raise Unreadable("too many archives in each other")
    with TemporaryDirectory(prefix="reenact-") as aside:
        # scores.csv.gz holds scores.csv.
        inner = Path(old.stem).suffix
        unpacked = Path(aside, f"old{inner}"), Path(aside, f"new{inner}")
        for packed, target in zip((old, new), unpacked, strict=True):
            _unpack(packed, target)
        found = compare(*unpacked, tolerance, depth + 1)
    if found.verdict == "identical":
        return Judgement("within tolerance", "what is compressed is the same: header or compression differ")
    return found


def _unpack(packed: Path, target: Path) -> None:
    try:
        with gzip.open(packed) as source, target.open("wb") as file:
            while chunk := source.read(_CHUNK):
                file.write(chunk)
                if file.tell() > _LARGEST:
                    raise Unreadable(f"unpacks to more than {_LARGEST >> 20} MiB")
    except (gzip.BadGzipFile, zlib.error, EOFError) as problem:
        raise Unreadable(f"not compressed by gzip: {problem}") from problem
