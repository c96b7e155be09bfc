"""Parameters of type ``path``: which file is meant, and what the command is given for it.

A path is local, or it is a URI (``scheme:/...``): then it is fetched into the run folder before the command starts and
the command is given the copy's place; ``file:`` is no exception. A local path is made absolute. It is looked for below
the caller's folder, for that is where it was typed, and a default below the project's folder where the caller has
none. Where nothing is there yet, for it is an output, a given path means the caller's folder and a default the
project's. Nothing else is read into a path: no ``~``, no ``%20``, no pattern.
"""

from collections.abc import Callable
from posixpath import join, normpath

from reenact.errors import ParameterError
from reenact.plan import RUN_DIR_VARIABLE, Download
from reenact.project.quoting import Word
from reenact.project.value_types import find_scheme
from reenact.values import NamedTuple

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+=@")

_EXTENSION = 8
"""Letters of the longest extension that is worth keeping of a secret name."""


class Places(NamedTuple):
    """Where relative paths may lead: absolute folders of the caller and of the project, and what is there.

    ``copy`` is the project's folder relative to the run folder where the run has its own copy of the code: a path below
    the project is then written through the run folder, so that the plan can be carried out wherever that is.
    ``recorded`` are the parameters whose values come from a record: relative ones are below the project's folder,
    wherever the caller is.
    """

    caller: str
    project: str
    exists: Callable[[str], bool]
    copy: str | None = None
    recorded: frozenset[str] = frozenset()


class Local(NamedTuple):
    """A path on this machine: ``path`` is absolute, ``word`` is what the command is given."""

    path: str
    word: Word
    exists: bool


def is_remote(text: str) -> bool:
    """Whether a ``path`` is fetched first, as ``file:/x`` and ``runs:/1`` are; ``C:/x`` and ``a:b`` are local names."""
    scheme = find_scheme(text)
    return scheme is not None and len(scheme) > 1 and text[len(scheme) + 1 : len(scheme) + 2] == "/"


def find_local(name: str, text: str, places: Places, *, is_default: bool) -> Local:
    """The file that a local path means, the value of the parameter ``name``."""
    folders = (places.caller, places.project) if is_default else (places.caller,)
    if name in places.recorded:
        folders = (places.project,)
    for folder in folders:
        if places.exists(_join(folder, text)):
            return _make_local(folder, text, places, exists=True)
    return _make_local(folders[-1], text, places, exists=False)


def make_download(name: str, uri: str, taken: set[str], *, secret: bool = False) -> Download:
    """Where the file at ``uri`` goes: ``inputs/<parameter>/<its own name>``, made of harmless characters.

    Of the name of a ``secret`` one only the extension is kept, as programs go by it. ``taken`` holds the folders that
    other parameters have, and gets this one's.

    Raises:
        ParameterError: a ``file:`` URI names another machine.
    """
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.netloc not in ("", "localhost"):
        raise ParameterError(
            f"parameter '{name}': a file: URI names a file of this machine, not of the host '{parts.hostname}'",
            hint="write file:///path, with three slashes",
        )
    folder = _make_name(name, "input")
    number = 2
    while folder.lower() in taken:
        folder, number = f"{_make_name(name, 'input')}-{number}", number + 1
    taken.add(folder.lower())
    own = _make_name(unquote(parts.path).rstrip("/").rpartition("/")[2], "download")
    if secret:
        _, dot, extension = own.rpartition(".")
        own = f"download{dot}{extension}" if dot and len(extension) <= _EXTENSION else "download"
    return Download(name, uri, f"inputs/{folder}/{own}")


def make_download_word(download: Download) -> Word:
    """The place of a download as the command sees it."""
    return Word("/" + download.target, RUN_DIR_VARIABLE)


def _make_local(folder: str, text: str, places: Places, *, exists: bool) -> Local:
    path = _join(folder, text)
    if places.copy is not None and folder == places.project and not text.startswith("/"):
        return Local(path, Word("/" + _join(places.copy, text).lstrip("/"), RUN_DIR_VARIABLE), exists)
    return Local(path, Word(path), exists)


def _join(folder: str, text: str) -> str:
    """``text`` below ``folder``, with ``.`` and ``..`` worked out as MLflow does (:func:`os.path.abspath`)."""
    return normpath(join(folder, text))


def _make_name(text: str, otherwise: str) -> str:
    """A file name that means nothing to a shell or a file system; the end of a long one, for its extension."""
    name = "".join(char if char in _SAFE else "_" for char in text)[-100:].lstrip(".-")
    return name or otherwise
