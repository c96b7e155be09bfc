"""Submodules: each a repository with a mirror of its own, checked out where gitmodules(5) says, recursively.

We read ``.gitmodules`` ourselves and never run ``git submodule``: of all that the file may say only the path, the
address and ``update = none`` count, so no command of it ever runs and every address passes the same check as the first.
"""

from __future__ import annotations

from pathlib import Path

from reenact.errors import SourceError
from reenact.process.git import make_git
from reenact.sources.git.address import Address, make_local, parse_address, resolve_relative
from reenact.sources.git.checkout import Entry, quote
from reenact.values import NamedTuple
from reenact.world import World

DEEPEST = 20
"""More levels than this are taken for a repository that was made to never end."""


class Submodule(NamedTuple):
    """Where a submodule lies below its parent, and the commit of which repository belongs there."""

    name: str
    path: str
    oid: str
    address: Address


def find_submodules(entries: list[Entry], code: Path, parent: Address, world: World) -> list[Submodule]:
    """The submodules of the checkout at ``code``; one without an address is only warned of.

    Raises:
        SourceError: an address is not allowed.
    """
    links = [entry for entry in entries if entry.is_submodule]
    declared = _read_declarations(code, world) if links else {}
    found = []
    for entry in links:
        settings = declared.get(entry.path, {})
        if settings.get("update") == "none":
            continue
        if "url" not in settings:
            world.report.warn(f"the submodule '{entry.path}' has no address in .gitmodules and stays empty")
            continue
        address = _make_address(settings["url"], parent)
        found.append(Submodule(settings["name"], entry.path, entry.oid, address))
    return found


def register(code: Path, submodule: Submodule) -> None:
    """Tell the parent's own git of the submodule, as ``git submodule init`` would."""
    url = submodule.address.shown
    with (code / ".git" / "config").open("a", encoding="utf-8") as config:
        config.write(f"[submodule {quote(submodule.name)}]\n\tactive = true\n\turl = {quote(url)}\n")


def _make_address(url: str, parent: Address) -> Address:
    if url.startswith(("./", "../")):
        return _like_parent(resolve_relative(parent.base, url), parent)
    return _like_parent(url, parent)


def _like_parent(url: str, parent: Address) -> Address:
    """The address, local only under a local parent, with the parent's credentials on the parent's host."""
    plain = url.removeprefix("file://")
    if plain.startswith("/"):
        if not parent.local:
            raise SourceError(f"a submodule names a path on this machine: '{url}'", hint="only a local project may")
        return make_local(plain)
    address = parse_address(url)
    same_host = address.url.split("/")[:3] == parent.url.split("/")[:3] and not parent.local
    if same_host and not address.user and not address.password:
        return address._replace(user=parent.user, password=parent.password)
    return address


def _read_declarations(code: Path, world: World) -> dict[str, dict[str, str]]:
    """What ``.gitmodules`` says of each path, with the submodule's ``name``."""
    file = code / ".gitmodules"
    if file.is_symlink() or not file.is_file():
        return {}
    listing = make_git(world.environ).run("config", "--file", str(file), "--no-includes", "--null", "--list")
    by_name: dict[str, dict[str, str]] = {}
    for item in listing.output.split("\0"):
        key, _, value = item.partition("\n")
        section, _, rest = key.partition(".")
        name, _, setting = rest.rpartition(".")
        if section == "submodule" and name:
            by_name.setdefault(name, {"name": name})[setting] = value
    return {settings["path"]: settings for settings in by_name.values() if "path" in settings}
