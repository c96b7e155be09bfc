"""Make a conda environment from its lock: hashes checked, packages linked, pip's on top, activation kept as data."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterable
from pathlib import Path

from reenact.environments.artifacts import find_artifact
from reenact.environments.conda import PROOF
from reenact.environments.conda.channels import hide_secrets, restore_secrets
from reenact.environments.conda.resolve import require_rattler
from reenact.environments.credentials import HIDDEN
from reenact.environments.marker import Marker, find_marker
from reenact.environments.packages import list_packages
from reenact.environments.place import Workbench, delete, expect_platform, make_place
from reenact.errors import BuildError
from reenact.files import write_atomic
from reenact.hints import TYPE_CHECKING
from reenact.home import Home
from reenact.plan import EnvironmentLock
from reenact.world import World

if TYPE_CHECKING:
    from reenact.environments.conda.rattler_api import CondaPackage, Locked

DOING = "installing conda packages"
PATIENCE = 10.0
"""Seconds for which a failed build waits until nothing of it comes back."""

_STEP = 0.1
LOCK_FILE = "pixi.lock"
SECRET_LOCK_FILE = "pixi.secret.lock"  # noqa: S105


def build(lock: EnvironmentLock, bench: Workbench) -> Marker:
    """Make the environment of ``lock`` at the bench, or wait for whoever is making it.

    Raises:
        BuildError: it cannot be made; nothing is left that looks finished.
        UnsupportedError: py-rattler is not installed, or the lock is for another platform.
    """
    require_rattler()
    from reenact.environments.conda import rattler_api

    expect_platform(lock, rattler_api.find_platform(bench.world.environ))

    def find() -> Marker | None:
        return find_marker(bench.folder, lock.key, PROOF)

    def make(bench: Workbench) -> Marker:
        return _build(lock, bench)

    return make_place(bench, find, make, _delete_for_good)


def _delete_for_good(folder: Path) -> None:
    """Take away what a failed build left, until it stays away: rattler's threads go on linking for a moment."""
    deadline = time.monotonic() + PATIENCE
    while folder.exists() and time.monotonic() < deadline:
        delete(folder)
        time.sleep(_STEP)


def _build(lock: EnvironmentLock, bench: Workbench) -> Marker:
    from reenact.environments.conda import rattler_api
    from reenact.environments.conda.activation import find_activation

    folder, root, world, held = bench
    world.report.step(DOING)
    locked = _read_lock(lock, folder, root, world.home)
    told = (f"  {package.name} {package.version} {package.build}, {package.url}" for package in locked.conda)
    world.report.said(hide_secrets("\n".join(("linking with rattler", *told))))
    check_files(locked.conda)
    rattler_api.link(locked.conda, folder, world.home, world.report, DOING)
    if HIDDEN in lock.text:
        _hide_secrets(folder)
    protect_shared(folder)
    _check_linked(locked.conda, folder)
    _tell_of_scripts(folder, world)
    if locked.pip:
        from reenact.environments.conda.pip import install_pip

        install_pip(lock, locked.pip, bench)
    activation = find_activation(folder, world, keep_open=held)
    names = sorted({package.name for package in locked.conda} | {package.name for package in locked.pip})
    return Marker(
        lock.key,
        lock.python,
        packages=tuple(names),
        made=world.timestamp(),
        variables=activation.variables,
        programs=activation.programs,
    )


def _read_lock(lock: EnvironmentLock, folder: Path, root: Path, home: Home) -> Locked:
    from reenact.environments.conda import rattler_api

    write_atomic(folder / LOCK_FILE, lock.text.encode())
    text = take_kept(restore_secrets(lock.text, root, lock.files), home)
    if text == lock.text:
        return rattler_api.read_lock(folder / LOCK_FILE)
    secret = folder / SECRET_LOCK_FILE
    write_atomic(secret, text.encode(), mode=0o600)
    try:
        return rattler_api.read_lock(secret)
    finally:
        secret.unlink()


def take_kept(text: str, home: Home) -> str:
    """The lock with the packages that are kept here in the place of their addresses."""
    if not home.artifacts.is_dir():
        return text
    kept = {}
    for package in list_packages(text):
        name = package.direct.rpartition("/")[2]
        found = [find_artifact(value.removeprefix("sha256:"), home, name) for value in package.hashes]
        if package.kind == "conda" and (path := next(filter(None, found), None)):
            kept[package.direct] = path.as_uri()
    return re.sub(r"(?m)(?<=- conda: )\S+$", lambda address: kept.get(address[0], address[0]), text) if kept else text


def check_files(packages: Iterable[CondaPackage]) -> None:
    """Compare the files of ``file:`` packages with their hashes, which rattler does for downloads only.

    Raises:
        BuildError: one is gone, or is not the one that was locked.
    """
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(_check_file, packages):
            pass


def _check_file(package: CondaPackage) -> None:
    path = find_file(package.url)
    if path is None:
        return
    kind, expected = ("sha256", package.sha256) if package.sha256 else ("md5", package.md5)
    try:
        found = digest_package(path, kind)
    except FileNotFoundError as problem:
        raise BuildError(
            f"{DOING} failed: a package that was locked is not in its channel any more: {path}",
            hint="resolve the environment again",
        ) from problem
    if found != expected:
        raise BuildError(
            f"{DOING} failed: {path.name} is not the one that was locked (hash mismatch)\n"
            f"  locked: {kind} {expected}\n  found:  {kind} {found}\n  in {path.parent}",
            hint="the channel serves another file than when it was locked; resolve the environment again",
        )


def find_file(url: str) -> Path | None:
    """The file that a package's URL names on this machine, None for one that is downloaded."""
    if not url.startswith("file:"):
        return None
    from urllib.parse import unquote, urlsplit

    return Path(unquote(urlsplit(url).path))


def digest_package(path: Path, kind: str) -> str:
    """The hash (``sha256`` or ``md5``) of a file, in hexadecimal digits."""
    import hashlib

    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


def protect_shared(folder: Path) -> None:
    """Take the right to write from every file that is linked from the store, where others share it.

    A project that writes into such a file would change it for all environments. It can still replace it: that makes a
    file of its own. What root changes in spite of this is found when the package is linked next.
    """
    _protect(str(folder), None)


def _protect(name: str, parent: int | None) -> None:
    """The same below the folder ``name`` in the open folder ``parent``: a name is found faster than a long path."""
    folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=parent)
    try:
        with os.scandir(folder) as scan:
            entries = list(scan)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _protect(entry.name, folder)
            elif entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                if status.st_nlink > 1 and status.st_mode & 0o222:
                    os.chmod(entry.name, stat.S_IMODE(status.st_mode) & ~0o222, dir_fd=folder)
    finally:
        os.close(folder)


def _hide_secrets(folder: Path) -> None:
    """Take the passwords of channels out of what rattler noted of each package."""
    for path in (folder / "conda-meta").glob("*.json"):
        text = path.read_text("utf-8")
        if (hidden := hide_secrets(text)) != text:
            write_atomic(path, hidden.encode())


def _tell_of_scripts(folder: Path, world: World) -> None:
    """Say whose scripts conda would run after linking: they may do anything, and are not run."""
    if scripts := sorted(path.name[1:].removesuffix("-post-link.sh") for path in folder.glob("bin/.*-post-link.sh")):
        world.report.warn(f"not run: what {', '.join(scripts)} would do after being installed (a post-link script)")


def _check_linked(packages: Iterable[CondaPackage], folder: Path) -> None:
    records = {path.name for path in (folder / "conda-meta").glob("*.json")}
    missing = [p.name for p in packages if f"{p.name}-{p.version}-{p.build}.json" not in records]
    if missing:
        raise BuildError(f"the environment was made, but lacks {', '.join(missing)}", hint="run again")
