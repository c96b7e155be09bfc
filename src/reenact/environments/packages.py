"""The packages in a lock file of any kind, as values: what lists, comparisons and exports read."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from urllib.parse import unquote, urlsplit

from reenact.errors import RecordError
from reenact.hints import Any
from reenact.values import NamedTuple


class Package(NamedTuple):
    """One package. ``origin`` is where it comes from: an index or channel, an address, a path.

    ``direct`` is the address or path itself where the package was asked for by it; ``hashes`` are those of all files
    that may be installed, as ``sha256:…``; ``marker`` says where it is needed (PEP 508). ``build`` is conda's.
    """

    name: str
    version: str
    origin: str = ""
    kind: str = "pypi"
    direct: str = ""
    hashes: tuple[str, ...] = ()
    marker: str = ""
    build: str = ""


def list_packages(text: str) -> tuple[Package, ...]:
    """Every package in a lock file (PEP 751, or rattler's), by name; the image of a container's; none in an empty text.

    Raises:
        RecordError: it is none of them, or damaged.
    """
    try:
        found = list(_choose_reader(text)(text))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise RecordError(f"the lock is damaged: {problem}") from problem
    return tuple(sorted(found, key=lambda package: (package.kind, package.name, package.version)))


def _choose_reader(text: str) -> Callable[[str], Iterator[Package]]:
    if text.startswith("{"):
        return _read_image
    return _read_pixi if text.startswith("version:") else _read_pylock


def _read_image(text: str) -> Iterator[Package]:
    """The image that a container is of; one that is made here is known by its name, which has a digest in it."""
    import json

    image = json.loads(text)
    yield Package(image["name"], image["id"], kind="image", direct=image["digest"] or "")


def _read_pylock(text: str) -> Iterator[Package]:
    for package in tomllib.loads(text).get("packages", ()):
        files = [*package.get("wheels", ()), *(package[key] for key in ("sdist", "archive") if key in package)]
        yield Package(
            name=package["name"],
            version=package.get("version", ""),
            origin=package.get("index") or _find_direct(package) or (_find_origin(files[0]) if files else ""),
            direct=_find_direct(package),
            hashes=tuple(dict.fromkeys(f"{kind}:{value}" for file in files for kind, value in file["hashes"].items())),
            marker=package.get("marker", ""),
        )


def _find_direct(package: dict[str, Any]) -> str:
    if "vcs" in package:
        vcs = package["vcs"]
        folder = f"#subdirectory={vcs['subdirectory']}" if vcs.get("subdirectory") else ""
        return f"{vcs['type']}+{vcs.get('url') or vcs.get('path')}@{vcs['commit-id']}{folder}"
    if "directory" in package:
        return str(package["directory"]["path"])
    if "archive" in package:
        return str(package["archive"].get("url") or package["archive"].get("path"))
    return ""


def _find_origin(file: dict[str, Any]) -> str:
    """The server, or the folder, of a file."""
    if "url" in file:
        address = urlsplit(file["url"])
        return f"{address.scheme}://{address.netloc}" if address.netloc else unquote(address.path).rpartition("/")[0]
    return str(file.get("path", "")).rpartition("/")[0]


def _read_pixi(text: str) -> Iterator[Package]:
    import yaml

    # In C where there is one: ten times as fast.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for package in (yaml.load(text, loader) or {}).get("packages", ()):  # noqa: S506
        hashes = tuple(f"{kind}:{package[kind]}" for kind in ("sha256", "md5") if kind in package)
        if "conda" in package:
            channel, _, file = package["conda"].rpartition("/")
            stem = unquote(file).removesuffix(".conda").removesuffix(".tar.bz2")
            name, version, build = stem.rsplit("-", 2)
            yield Package(name, version, channel, "conda", package["conda"], hashes, build=build)
        elif "pypi" in package:
            address = package["pypi"]
            yield Package(package["name"], str(package.get("version", "")), address.rpartition("/")[0], hashes=hashes)
