"""From a URI on the command line to the project's folder, for the verbs that only read."""

from __future__ import annotations

from pathlib import Path

from reenact.errors import SourceError, UnsupportedError
from reenact.world import World


def resolve(uri: str, world: World) -> Path:
    """The folder that a URI means.

    Raises:
        SourceError: there is no such folder.
        UnsupportedError: it is not a folder of this machine.
    """
    if "://" in uri or uri.startswith("git@"):
        raise UnsupportedError(f"cannot read {uri} from here", hint="clone it and name the folder")
    folder = world.cwd / uri
    try:
        if folder.is_dir():
            return folder
        exists = folder.exists()
    except (OSError, ValueError) as problem:
        raise SourceError(f"cannot read the folder {uri}: {problem}") from problem
    if exists:
        raise SourceError(f"{uri} is a file, not a project's folder", hint="name the folder that holds it")
    raise SourceError(f"there is no folder {uri}", hint="name the folder that holds the project")
