"""Remote ``path`` parameters, brought into the run folder before the command starts.

A way to fetch is a module with one function:

``fetch(uri: str, place: Path, world: World) -> None``
    Put what is at ``uri`` at ``place``, which does not exist yet. It may leave a part behind when it fails: what is
    fetched appears at its target by one rename, once it is whole.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from reenact.errors import ReenactError, SourceError, StorageError
from reenact.files import make_folder
from reenact.plan import Download
from reenact.world import World

WAYS = {"http": "web", "https": "web", "file": "local"}
"""The module for a scheme; every other scheme is left to ``remote``, that is to fsspec."""


def fetch(download: Download, folder: Path, world: World) -> None:
    """Put what is at the download's address at its target in the run folder; what is there already stays.

    Raises:
        SourceError: it cannot be found or fetched, or what came is not all of it.
        UnsupportedError: the scheme needs a package that is not installed.
        StorageError: the run folder cannot be written.
    """
    target = folder / download.target
    if ".." in target.parts or not target.is_relative_to(folder):
        raise SourceError(f"the target of parameter '{download.parameter}' lies outside the run folder")
    if target.exists():
        return
    uri = _find_address(download, world)
    way = import_module(f"reenact.downloads.{WAYS.get(uri.partition(':')[0].lower(), 'remote')}")
    make_folder(target.parent)
    aside = target.with_name(f".{target.name}.part")
    _remove(aside)
    try:
        way.fetch(uri, aside, world)
        _rename(aside, target)
    except ReenactError as problem:
        raise type(problem)(f"parameter '{download.parameter}': {problem.message}", hint=problem.hint) from problem
    finally:
        _remove(aside)
        world.report.done()


def _find_address(download: Download, world: World) -> str:
    if not download.uri.startswith("$"):
        return download.uri
    uri = world.environ.get(download.uri[1:])
    if uri is None:
        message = (
            f"parameter '{download.parameter}': its address is secret and was to be in the variable {download.uri[1:]}"
        )
        raise SourceError(message, hint="start the run again: secrets are not kept in its record")
    return uri


def _rename(aside: Path, target: Path) -> None:
    try:
        aside.rename(target)
    except OSError as problem:
        raise StorageError(f"cannot write {target}: {problem.strerror or problem}") from problem


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        from shutil import rmtree

        rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
