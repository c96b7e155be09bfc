"""The files that a lock (PEP 751) names, and a lock that takes them from this machine's own.

A package is a wheel of an index, one of several; or what a wheel is made from: a source distribution, an archive, a
repository, a folder. A wheel that was made elsewhere stands for its source only in a lock that says so (``made``):
nothing else proves what it was made from.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from reenact.environments.artifacts import find_artifact
from reenact.hints import Any
from reenact.home import Home
from reenact.values import NamedTuple


class LockedFile(NamedTuple):
    """A file of a package: its name, an address or a path (relative to the environment's folder), its hashes."""

    name: str
    url: str
    path: str
    hashes: Mapping[str, str]
    subdirectory: str = ""

    @property
    def is_wheel(self) -> bool:
        """It is installed as it is."""
        return self.name.endswith(".whl")


class LockedPackage(NamedTuple):
    """A package: the file that serves here, or else ``folder`` or the repository (``address`` at ``commit``).

    ``source`` names what a wheel is made from, '' where a wheel is published.
    """

    name: str
    version: str
    file: LockedFile | None
    source: str = ""
    folder: str = ""
    address: str = ""
    commit: str = ""
    subdirectory: str = ""


def list_locked_packages(text: str, python: str) -> tuple[LockedPackage, ...]:
    """Every package of the lock, with the one file of each that this machine installs for Python ``python``."""
    fit = list_tags(python)
    return tuple(_read_package(package, fit) for package in tomllib.loads(text).get("packages", ()))


def list_tags(python: str) -> dict[str, int]:
    """What the wheels that fit are for (``cp311-cp311-manylinux_2_17_x86_64``), and how well they do: less is
    better."""
    from packaging import tags

    version = tuple(map(int, python.split(".")[:2]))
    short = f"cp{version[0]}{version[1]}"
    found = [*tags.cpython_tags(version), *tags.compatible_tags(version, short)]
    return {str(tag): at for at, tag in enumerate(found)}


def take_kept(text: str, made: Mapping[str, str], home: Home) -> str:
    """The lock with the files that are kept here in the place of their addresses; the same text where there are none.

    ``made`` are the digests (SHA-256) of wheels by what they were made from.
    """
    table = tomllib.loads(text)
    changed = [_take_package(package, made, home) for package in table.get("packages", ())]
    if not any(changed):
        return text
    import tomli_w

    return tomli_w.dumps(table)


def prefer_wheel(name: str) -> tuple[bool, bool, bool, list[tuple[int, str]]]:
    """How well a wheel fits, among those that do: native before pure, for this Python before abi3, newest platform.

    The parts of the name are those of
    https://packaging.python.org/en/latest/specifications/binary-distribution-format/.
    """
    python, abi, platform = name.removesuffix(".whl").split("-")[-3:]
    natural = [(int(digits or 0), text) for digits, text in re.findall(r"(\d*)(\D*)", platform)]
    return platform != "any", abi != "none", abi.startswith(python[:2]) and abi != "abi3", natural


def find_file_name(file: Mapping[str, Any]) -> str:
    """The name of a file in a lock."""
    return str(
        file.get("name") or unquote(urlsplit(file["url"]).path if file.get("url") else file["path"]).rpartition("/")[2]
    )


def _read_package(package: Mapping[str, Any], fit: Mapping[str, int]) -> LockedPackage:
    name, version = str(package["name"]), str(package.get("version", ""))
    file = _choose_file(package, fit)
    if file is not None:
        return LockedPackage(name, version, file, "" if file.is_wheel else name_source(package))
    if vcs := package.get("vcs"):
        where = str(vcs.get("url") or vcs.get("path"))
        inside = str(vcs.get("subdirectory", ""))
        return LockedPackage(name, version, None, name_source(package), "", where, str(vcs["commit-id"]), inside)
    directory = package["directory"]
    inside = str(directory.get("subdirectory", ""))
    return LockedPackage(name, version, None, name_source(package), str(directory["path"]), subdirectory=inside)


def _choose_file(package: Mapping[str, Any], fit: Mapping[str, int]) -> LockedFile | None:
    wheels = package.get("wheels", ())
    fitting = [wheel for wheel in wheels if _rank(wheel, fit) is not None]
    chosen = min(fitting, key=lambda wheel: _rank(wheel, fit) or 0) if fitting else None
    chosen = chosen or package.get("sdist") or package.get("archive")
    if chosen is None and wheels:
        # An interpreter whose tags we do not know: the lock has what was taken for it.
        chosen = max(wheels, key=lambda wheel: prefer_wheel(find_file_name(wheel)))
    if chosen is None:
        return None
    url, path = str(chosen.get("url", "")), str(chosen.get("path", ""))
    inside = str(chosen.get("subdirectory", ""))
    return LockedFile(find_file_name(chosen), url, path, chosen.get("hashes", {}), inside)


def _rank(wheel: Mapping[str, Any], fit: Mapping[str, int]) -> int | None:
    pythons, abis, platforms = (part.split(".") for part in find_file_name(wheel).removesuffix(".whl").split("-")[-3:])
    names = (f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in platforms)
    return min((fit[name] for name in names if name in fit), default=None)


def name_source(package: Mapping[str, Any]) -> str:
    """What names the content that a wheel of the package can be made from."""
    if vcs := package.get("vcs"):
        return f"git:{vcs.get('url') or vcs.get('path')}@{vcs['commit-id']}#{vcs.get('subdirectory', '')}"
    if directory := package.get("directory"):
        return f"tree:{Path(directory['path']).name}#{directory.get('subdirectory', '')}"
    file = package.get("sdist") or package.get("archive") or {}
    digest = next((f"{kind}:{value}" for kind, value in sorted(file.get("hashes", {}).items())), "")
    return f"{digest}#{file.get('subdirectory', '')}"


def _take_package(package: dict[str, Any], made: Mapping[str, str], home: Home) -> bool:
    source = name_source(package)
    wheels = [kept for wheel in package.get("wheels", ()) if (kept := _take_file(wheel, home))]
    if source in made and (wheel := find_artifact(made[source], home)) is not None:
        wheels = [{"path": str(wheel), "hashes": {"sha256": made[source]}}]
    if wheels:
        for key in ("sdist", "archive", "vcs", "directory"):
            package.pop(key, None)
        package["wheels"] = wheels
        return True
    for key in ("sdist", "archive"):
        if not package.get("wheels") and key in package and (kept := _take_file(package[key], home)):
            package[key] = kept
            return True
    return False


def _take_file(file: Mapping[str, Any], home: Home) -> dict[str, Any] | None:
    kept = find_artifact(str(file.get("hashes", {}).get("sha256", "")), home, find_file_name(file))
    if kept is None:
        return None
    return {**{key: value for key, value in file.items() if key not in ("url", "name")}, "path": str(kept)}
