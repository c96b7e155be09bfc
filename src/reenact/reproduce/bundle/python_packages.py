"""The packages of a Python environment: wheels as they were published, and wheels made here of everything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from reenact.environments.artifacts import find_artifact
from reenact.environments.credentials import restore
from reenact.environments.local_code import keep_copy
from reenact.environments.python.build import index_variables
from reenact.environments.python.lock_files import LockedFile, LockedPackage, list_locked_packages
from reenact.environments.python.uv import EXCLUDE_NEWER, exclude_newer, run_uv
from reenact.environments.settings import platform_tag
from reenact.errors import BuildError
from reenact.files import make_folder
from reenact.plan import EnvironmentLock
from reenact.reproduce.bundle.packages import Gathered, Missing, fetch_published, keep_made, make_once
from reenact.world import World

DOING = "making wheels"
EPOCH = "315532800"
"""The first moment that a zip file can hold: wheels are made with no other in them."""


def gather(lock: EnvironmentLock, root: Path, world: World) -> Gathered:
    """The packages of ``lock``.

    Raises:
        BuildError: some cannot be had; all of them are named.
    """
    trees = {content: keep_copy(root / path, content, world) for path, content in lock.local.items()}
    text = restore(lock.text, root, lock.files)
    packages = list_locked_packages(text, lock.python or "")
    return gather_locked(packages, lock, root, world)._replace(trees=_outermost(trees, world))


def gather_locked(packages: Iterable[LockedPackage], lock: EnvironmentLock, root: Path, world: World) -> Gathered:
    """These packages of ``lock``, without trees."""
    missing = Missing()
    files: list[Path] = []
    made: dict[str, str] = {}
    for package in packages:
        name = f"{package.name} {package.version}".strip()
        world.report.step("fetching packages", name)
        if package.file is not None and (kept := missing.attempt(name, partial(_fetch, package.file, lock, world))):
            files.append(kept)
        if package.source and (package.file is None or kept is not None):
            wheel = missing.attempt(name, partial(_find_wheel, package, lock, root, world))
            if wheel is not None:
                files.append(wheel)
                made[package.source] = wheel.parent.name
    world.report.done()
    missing.tell()
    return Gathered(tuple(dict.fromkeys(files)), {}, made)


def _outermost(trees: Mapping[str, Path], world: World) -> dict[str, Path]:
    """The copies' own folders: of a file, the copy is inside of one."""
    return {content: world.home.trees / content for content in trees}


def _fetch(file: LockedFile, lock: EnvironmentLock, world: World) -> Path:
    uri = file.url or (world.home.environments / lock.key / file.path).resolve().as_uri()
    return fetch_published(uri, file.name, file.hashes, world)


def _find_wheel(package: LockedPackage, lock: EnvironmentLock, root: Path, world: World) -> Path:
    """The wheel that stands for the package: the one that came with the lock, or was made for an export before."""
    if package.source in lock.made:
        kept = find_artifact(lock.made[package.source], world.home)
        if kept is None:
            raise BuildError("the wheel that came in the bundle is gone")
        return kept
    asked = (package.source, lock.python, lock.interpreter, platform_tag())
    return make_once(asked, partial(_make_wheel, package, lock, root, world), world)


def _make_wheel(package: LockedPackage, lock: EnvironmentLock, root: Path, world: World) -> Path:
    with TemporaryDirectory(prefix="wheel-", dir=make_folder(world.home.staging)) as scratch:
        source = _find_source(package, lock, Path(scratch), world)
        arguments = ["build", "--wheel", "--no-create-gitignore", "--out-dir", f"{scratch}/made"]
        arguments += ["--python", lock.interpreter or "", "--no-python-downloads"]
        for option in lock.options:
            name, _, value = option.partition(" ")
            if name in ("--trusted-host", EXCLUDE_NEWER):
                arguments += exclude_newer(value) if name == EXCLUDE_NEWER else ["--allow-insecure-host", value]
        variables = {**index_variables(lock, root, world), "SOURCE_DATE_EPOCH": EPOCH}
        run_uv([*arguments, str(source)], Path(scratch), world, doing=DOING, extra=variables)
        wheels = sorted(Path(scratch, "made").glob("*.whl"))
        if len(wheels) != 1:
            raise BuildError(f"{len(wheels)} wheels were made where one was wanted")
        return keep_made(wheels[0], world)


def _find_source(package: LockedPackage, lock: EnvironmentLock, scratch: Path, world: World) -> Path:
    """What the wheel is made from, where a build may write into it."""
    from shutil import copytree

    if package.commit:
        from reenact.sources import Wanted, fetch

        return fetch(Wanted(package.address, "", package.commit), scratch / "source", world).root / package.subdirectory
    if package.folder:
        kept = (world.home.environments / lock.key / package.folder).resolve()
        return Path(copytree(kept, scratch / "source", symlinks=True)) / package.subdirectory
    if package.file is None:
        raise BuildError("the lock does not say what it is made from")
    return _unpack(_fetch(package.file, lock, world), package.file, scratch)


def _unpack(archive: Path, file: LockedFile, scratch: Path) -> Path:
    """The folder with the project in an archive: its only one at the top, or the one that is named."""
    from reenact.sources.unpack import unpack

    unpack(archive, scratch / "source")
    inside = list((scratch / "source").iterdir())
    top = inside[0] if len(inside) == 1 and inside[0].is_dir() else scratch / "source"
    return top / file.subdirectory
