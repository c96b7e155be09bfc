"""Arrays of numpy (npy, npz): by array and index. Objects in them are pickles, and never loaded.

What a header promises is held against what there is before memory is asked for.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tokenize import TokenError
from zipfile import ZipFile, ZipInfo, is_zipfile

from reenact.hints import TYPE_CHECKING, Any
from reenact.project.types import Tolerance
from reenact.reproduce.compare.archive import reading_zip
from reenact.reproduce.compare.elements import import_numpy, weigh_elements
from reenact.reproduce.compare.judgement import Judgement, Tally, Unjudged, Unreadable, show

if TYPE_CHECKING:
    from typing import IO

    from numpy.typing import NDArray

_LARGEST = 1 << 30


def judge(old: Path, new: Path, tolerance: Tolerance, depth: int) -> Judgement:
    """Compare two files of arrays."""
    import_numpy()
    tally = Tally(tolerance)
    total = 0
    with ExitStack() as opened, reading_zip():
        ours, theirs = (_open(path, opened) for path in (old, new))
        for name in dict.fromkeys((*ours, *theirs)):
            if tally.ignores(name):
                continue
            if name in ours and name in theirs:
                total += weigh_elements(name, ours[name](), theirs[name](), tally)
            elif tally.differ(name):
                tally.first = f"array {show(name, bare=True)} is {'gone' if name in ours else 'new'}"
    return tally.judge("elements", "every element that counts is the same", total)


def _open(path: Path, opened: ExitStack) -> Mapping[str, Callable[[], NDArray[Any]]]:
    """Each array by its name, to be read when it is called; a file of one array has no name for it."""
    if not is_zipfile(path):
        return {"": partial(_map, path)}
    archive = opened.enter_context(ZipFile(path))
    members = archive.infolist()
    if sum(member.file_size for member in members) > _LARGEST:
        raise Unreadable(f"unpacks to more than {_LARGEST >> 20} MiB")
    found = {member.filename.removesuffix(".npy"): partial(_read, archive, member) for member in members}
    if len(found) != len(members) or not all(member.filename.endswith(".npy") for member in members):
        raise Unreadable("an archive of other things than arrays")
    return found


def _map(path: Path) -> NDArray[Any]:
    """The array of a file, of which only what is looked at takes memory."""
    np = import_numpy()
    with path.open("rb") as file:
        shape, fortran, dtype = _read_header(file)
        begin = file.tell()
    _expect_bytes(shape, dtype, path.stat().st_size - begin)
    if 0 in shape:
        return np.empty(shape, dtype)  # type: ignore[no-any-return]
    return np.memmap(path, dtype, "r", begin, shape, "F" if fortran else "C")  # type: ignore[no-any-return]


def _read(archive: ZipFile, member: ZipInfo) -> NDArray[Any]:
    np = import_numpy()
    with archive.open(member) as file:
        shape, fortran, dtype = _read_header(file)
        data = file.read(_LARGEST)
    _expect_bytes(shape, dtype, len(data))
    flat = np.frombuffer(data, dtype, math.prod(shape))
    return flat.reshape(shape, order="F" if fortran else "C")  # type: ignore[no-any-return]


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, Any]:
    """Shape, whether the first index goes fastest, and the type of the elements."""
    layout = import_numpy().lib.format
    version = layout.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise Unreadable(f"arrays in version {version} of the format")
    read = layout.read_array_header_1_0 if version == (1, 0) else layout.read_array_header_2_0
    try:
        with warnings.catch_warnings(action="ignore"):
            shape, fortran, dtype = read(file)
    except (SyntaxError, TokenError, TypeError, MemoryError) as problem:
        # A header is Python's own notation, and what numpy reads it with says so in many ways.
        raise Unreadable(f"no arrays: {problem}") from problem
    if dtype.hasobject:
        raise Unjudged("it holds Python objects, and to load them is to run their code")
    return shape, fortran, dtype


def _expect_bytes(shape: tuple[int, ...], dtype: Any, there: int) -> None:
    if math.prod(shape) * dtype.itemsize > there:
        raise Unreadable("the file is shorter than its header says")
