"""``file:`` addresses: a file or a folder of this machine, copied."""

from __future__ import annotations

from pathlib import Path

from reenact.downloads.address import render_address
from reenact.errors import SourceError, StorageError
from reenact.world import World


def fetch(uri: str, place: Path, world: World) -> None:
    """Copy the file or folder; links inside a folder stay links.

    Raises:
        SourceError: there is nothing, it is neither a file nor a folder, or it cannot be read.
        StorageError: the copy cannot be written.
    """
    import shutil
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise SourceError(f"{render_address(uri)} names a file of another machine", hint="write file:///path")
    source = Path(unquote(parts.path))
    world.report.step("copying", source.name)
    try:
        if source.is_dir():
            shutil.copytree(source, place, symlinks=True)
        elif source.is_file():
            shutil.copyfile(source, place)
        else:
            raise SourceError(f"no such file or directory: {source}")
    except shutil.Error as problem:
        first = problem.args[0][0]
        raise SourceError(f"cannot copy {first[0]}: {first[2]}") from problem
    except OSError as problem:
        message = f"cannot copy {source}: {problem.strerror or problem}"
        unreadable = isinstance(problem, PermissionError) and str(problem.filename) != str(place)
        raise (SourceError if unreadable else StorageError)(message) from problem
