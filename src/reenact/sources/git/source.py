"""The story of a git source: read the address, pin the commit, make the checkout, mend the mirror where it must be."""

from __future__ import annotations

from pathlib import Path

from reenact.errors import SourceError
from reenact.plan import Snapshot, digest
from reenact.sources import Fetched, Kept, Wanted, keep_copy
from reenact.sources.git.address import is_remote, make_local, parse_address
from reenact.sources.git.checkout import make_checkout
from reenact.sources.git.failure import DamagedError
from reenact.sources.git.mirror import Mirror, open_mirror, rebuild
from reenact.sources.git.pin import Pin, Request, get_pin
from reenact.sources.git.revision import check_version
from reenact.sources.git.submodules import DEEPEST, Submodule, find_submodules, register
from reenact.sources.page import parse_page
from reenact.sources.path import find_path, is_bare_repository
from reenact.sources.redact import strip_credentials
from reenact.sources.work_tree import find_work_tree, read_origin
from reenact.world import World


def matches(uri: str, world: World) -> bool:
    """Whether ``uri`` is a repository's address, a page of a git host, or a bare repository on this machine."""
    path = find_path(uri, world)
    if path is not None and path.exists():
        return uri.lower().startswith("git+file:") or is_bare_repository(path)
    return is_remote(uri)


def fetch(wanted: Wanted, code: Path, world: World) -> Fetched:
    """Pin ``wanted`` and check it out at ``code``. A full hash that was fetched before needs no network.

    Raises:
        SourceError: no such repository, version or access; the message holds no credentials.
    """
    if wanted.version is not None:
        check_version(wanted.version)
    request = _make_request(wanted, world)
    mirror = open_mirror(request.address, world)
    try:
        pin = _check_out_mended(mirror, request, code, world)
    finally:
        world.report.done()
    snapshot = Snapshot(
        kind="git",
        uri=strip_credentials(wanted.uri),
        subdirectory=pin.subdirectory,
        version=pin.version,
        commit=pin.commit.oid,
        tree=pin.commit.tree,
        dirty=False,
        branch=pin.branch,
        repository=request.address.shown,
    )
    return Fetched(snapshot, code)


def keep(fetched: Fetched, world: World) -> Kept:
    """The files of the commit as they were checked out."""
    snapshot = fetched.snapshot
    has_lfs = world.find_program("git-lfs") is not None
    return keep_copy(fetched, digest(("git", snapshot.repository, snapshot.commit, has_lfs, "with the commit")), world)


def _make_request(wanted: Wanted, world: World) -> Request:
    path = find_path(wanted.uri, world)
    if path is not None and path.exists():
        return _make_local_request(wanted, path)
    uri, version = wanted.uri, wanted.version
    if uri.lower().startswith("git+") and "@" in (name := uri.rpartition("/")[2]) and version is None:
        # pip's form: git+https://host/owner/name@version
        version = check_version(name.partition("@")[2])
        uri = uri[: -len(name)] + name.partition("@")[0]
    page = parse_page(uri)
    if page is None:
        return Request(parse_address(uri), version, wanted.subdirectory)
    if version is not None and (page.version or page.tail):
        raise SourceError(
            f"'{strip_credentials(uri)}' names a version of its own, and the version '{version}' is asked for too",
            hint=f"use the repository's address: {strip_credentials(page.repository)}",
        )
    inside = "" if page.is_file and wanted.subdirectory.startswith("L") else wanted.subdirectory
    inside = "/".join(part for part in (page.subdirectory, inside) if part)
    return Request(parse_address(page.repository), page.version, inside, page if page.tail else None)


def _make_local_request(wanted: Wanted, path: Path) -> Request:
    if is_bare_repository(path):
        return Request(make_local(str(path.resolve())), wanted.version, wanted.subdirectory)
    top = find_work_tree(path.resolve())
    if top is None:
        raise SourceError(
            f"Setting a version is only supported for Git projects, and {path} is in no git repository",
            hint="leave the version out to use the directory as it is",
        )
    inside = path.resolve().relative_to(top).as_posix()
    subdirectory = "/".join(part for part in (inside, wanted.subdirectory) if part not in {"", "."})
    return Request(make_local(str(top), read_origin(top)), wanted.version, subdirectory)


def _check_out_mended(mirror: Mirror, request: Request, code: Path, world: World, within: tuple[str, ...] = ()) -> Pin:
    """Pin and check out; a mirror that turns out broken is made anew once, and made whole once if it has to be.

    ``within`` are the paths of the submodules that led here.
    """
    for _ in range(2):
        try:
            return _check_out(mirror, request, code, world, within)
        except DamagedError as problem:
            _remove(code)
            if not problem.incomplete:
                world.report.note(f"the copy of {mirror.address.shown} in {mirror.path} is damaged and is made anew")
            rebuild(mirror, partial=not problem.incomplete)
    return _check_out(mirror, request, code, world, within)


def _check_out(mirror: Mirror, request: Request, code: Path, world: World, within: tuple[str, ...]) -> Pin:
    pin = get_pin(mirror, request)
    entries = make_checkout(mirror, pin.commit, code, pin.branch)
    for submodule in find_submodules(entries, code, mirror.address, world):
        _check_out_submodule(submodule, code, world, (*within, submodule.path))
        register(code, submodule)
    return pin


def _check_out_submodule(submodule: Submodule, parent: Path, world: World, within: tuple[str, ...]) -> None:
    place = "/".join(within)
    if len(within) > DEEPEST:
        raise SourceError(f"submodules lie more than {DEEPEST} levels deep: {place}")
    request = Request(submodule.address, submodule.oid)
    try:
        _check_out_mended(open_mirror(submodule.address, world), request, parent / submodule.path, world, within)
    except SourceError as problem:
        raise SourceError(f"in the submodule '{place}': {problem.message}", hint=problem.hint) from problem


def _remove(folder: Path) -> None:
    from shutil import rmtree

    if folder.exists():
        rmtree(folder)
