"""Which channels a conda file asks for, in the order in which they count.

conda puts its own ``defaults`` behind the channels of a file, and writes that word into every file that it exports; few
who hand such a file on mean the company's servers, whose terms ask larger organisations for a licence. So:

- ``defaults`` in the list, a file without a list, and what conda would have put behind the list, are conda-forge.
- Asked for by name is ``defaults::PACKAGE``, or the address of a channel: what is named is used as it is.
- Nothing is put behind a list with ``nodefaults``, or with an address: who names servers names all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from reenact.environments.credentials import HIDDEN, list_texts, redact, restore
from reenact.values import NamedTuple

COMMUNITY = "conda-forge"
DEFAULTS = "https://repo.anaconda.com/pkgs/main"
LICENSED = ("anaconda", "main", "free", "r", "pkgs/main", "pkgs/free", "pkgs/r", "msys2")
"""Channels of Anaconda by the names that conda knows them by; so is every channel on ``repo.anaconda.com``."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_CHANNEL = re.compile(r"\[(?:[^\]]*[\s,])?channel\s*=\s*['\"]?([^'\",\]\s]+)")
_SUBDIR = re.compile(r"/(noarch|(linux|osx|win|freebsd|emscripten|wasi|zos)-\w+)$")
_TOKEN = re.compile(r"(?<=/t/)[^/\s'\"]+")
_WITH_TOKEN = re.compile(r"https?://[^\s'\"]+?/t/[^/\s'\"]+")


class Channels(NamedTuple):
    """What the solver is asked for: ``names`` in the order of their priority, the match specs, what was assumed."""

    names: tuple[str, ...]
    packages: tuple[str, ...]
    notes: tuple[str, ...] = ()


def choose_channels(listed: tuple[str, ...], packages: tuple[str, ...], folders: Sequence[Path]) -> Channels:
    """The channels for ``packages`` (match specs), of which a file has ``listed``.

    Paths are relative to the first of ``folders`` where there is something, else to the first of all.
    """
    named = [find_address(name, folders) for name in listed if name != "nodefaults"]
    notes = []
    if "defaults" in named:
        notes.append("the channel 'defaults' is served from conda-forge; 'defaults::PACKAGE' asks for Anaconda's own")
    names = [COMMUNITY if name == "defaults" else name for name in named]
    closed = "nodefaults" in listed or any(_ADDRESS.match(name) for name in names)
    if COMMUNITY not in names and not closed:
        names.append(COMMUNITY)
        where = "behind the channels of the file" if listed else "as the file names no channel"
        notes.append(f"conda-forge is used {where}, where conda would use its 'defaults'")
    specs = []
    for package in packages:
        if found := find_channel(package):
            before, channel, after = found
            channel = DEFAULTS if channel == "defaults" else find_address(channel, folders)
            subdir = _SUBDIR.search(channel)
            names.append(channel[: subdir.start()] if subdir else channel)
            package = f"{before}{channel}{after}"
        specs.append(package)
    names = list(dict.fromkeys(names))
    notes += [_licence_note(name) for name in names if is_licensed(name)]
    return Channels(tuple(names), tuple(specs), tuple(notes))


def find_channel(package: str) -> tuple[str, str, str] | None:
    """A match spec as what stands before its own channel, the channel, what stands behind; None without one.

    >>> find_channel("conda-forge::numpy >=1"), find_channel("numpy[channel='a', version=1]"), find_channel("numpy")
    (('', 'conda-forge', '::numpy >=1'), ("numpy[channel='", 'a', "', version=1]"), None)
    """
    channel, found, rest = package.partition("::")
    if found and "[" not in channel:
        return "", channel.strip(), f"::{rest.strip()}"
    if inside := _CHANNEL.search(package):
        return package[: inside.start(1)], inside[1], package[inside.end(1) :]
    return None


def find_address(name: str, folders: Sequence[Path]) -> str:
    """A channel that is a path as a URL, any other as it is."""
    name = name.rstrip("/") if not name.startswith("/") else name
    if is_local(name) and not name.startswith("file:"):
        places = [(folder / Path(name).expanduser()).resolve() for folder in folders]
        return next((place for place in places if place.exists()), places[0]).as_uri()
    return name


def is_local(name: str) -> bool:
    """Whether it is a folder of this machine."""
    return name.startswith(("./", "../", "/", "~", "file:")) or name in (".", "..")


def is_licensed(name: str) -> bool:
    """Whether it is one of Anaconda's own channels."""
    return name in LICENSED or re.match(r"https?://([^/@]*@)?repo\.anaconda\.(com|cloud)(/|$)", name) is not None


def hide_secrets(text: str) -> str:
    """``text`` without the passwords and tokens (``https://host/t/TOKEN/channel``) of the addresses in it."""
    return _TOKEN.sub(HIDDEN, redact(text))


def restore_secrets(text: str, root: Path, files: Iterable[str]) -> str:
    """The inverse of :func:`hide_secrets`, as far as ``files`` (relative to ``root``) still hold the addresses."""
    files = tuple(files)
    text = restore(text, root, files)
    if f"/t/{HIDDEN}" not in text:
        return text
    for written in list_texts(root, files):
        for address in set(_WITH_TOKEN.findall(written)):
            text = text.replace(hide_secrets(address), address)
    return text


def _licence_note(name: str) -> str:
    return f"the channel {name} is Anaconda's own: its terms of service ask larger organisations for a licence"
