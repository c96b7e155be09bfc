"""The packages of a conda environment: the channels' archives, and those of ``pip:`` as for Python."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from reenact.environments.conda.channels import restore_secrets
from reenact.environments.conda.pip import render_pylock
from reenact.environments.conda.resolve import require_rattler
from reenact.environments.credentials import restore
from reenact.environments.local_code import keep_copy
from reenact.environments.python.lock_files import list_locked_packages
from reenact.files import make_folder
from reenact.plan import EnvironmentLock
from reenact.reproduce.bundle.packages import Gathered, Missing, fetch_published
from reenact.reproduce.bundle.python_packages import gather_locked
from reenact.world import World


def gather(lock: EnvironmentLock, root: Path, world: World) -> Gathered:
    """The packages of ``lock``.

    Raises:
        BuildError: some cannot be had; all of them are named.
        UnsupportedError: the extra ``conda`` is not installed.
    """
    require_rattler()
    from reenact.environments.conda import rattler_api

    with TemporaryDirectory(prefix="lock-", dir=make_folder(world.home.staging)) as scratch:
        file = Path(scratch, "pixi.lock")
        file.write_text(restore_secrets(lock.text, root, lock.files), "utf-8")
        locked = rattler_api.read_lock(file)
    missing = Missing()
    found = []
    for package in locked.conda:
        world.report.step("fetching packages", package.name)
        hashes = {kind: value for kind, value in (("sha256", package.sha256), ("md5", package.md5)) if value}
        get = partial(fetch_published, package.url, package.url.rpartition("/")[2], hashes, world)
        found.append(missing.attempt(f"{package.name} {package.version}", get))
    missing.tell()
    copies = {path: keep_copy(root / path, digest, world) for path, digest in lock.local.items()}
    text = restore(render_pylock(locked.pip, copies), root, lock.files)
    pip = gather_locked(list_locked_packages(text, lock.python or "3"), lock, root, world)
    files = tuple(path for path in found if path is not None)
    return Gathered((*files, *pip.files), {each: world.home.trees / each for each in lock.local.values()}, pip.made)
