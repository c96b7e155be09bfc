"""``rattler_alone.py CHANNEL FOLDER PACKAGE…``: py-rattler alone makes an environment, and a Python that does nothing
runs in it. Solved, locked and installed with a package cache of its own, all in ``FOLDER``."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import rattler


async def install(channel: str, folder: Path, packages: list[str]) -> None:
    """Solve, write the lock, install."""
    here = rattler.Subdir.current()
    records = await rattler.solve(
        sources=[rattler.Channel(channel)],
        specs=[rattler.MatchSpec(package) for package in packages],
        gateway=rattler.Gateway(cache_dir=folder / "channels"),
        platforms=[here, rattler.Subdir("noarch")],
        virtual_packages=[package.into_generic() for package in rattler.VirtualPackage.detect()],
    )
    platform = rattler.LockPlatform(str(here))
    lock = rattler.LockFile([platform])
    lock.set_channels("default", [rattler.LockChannel(channel)])
    for record in records:
        lock.add_conda_package("default", platform, record)
    lock.to_path(folder / "pixi.lock")
    await rattler.install(
        records=records,
        target_prefix=folder / "prefix",
        cache_dir=folder / "packages",
        execute_link_scripts=False,
        show_progress=False,
    )


if __name__ == "__main__":
    place = Path(sys.argv[2])
    asyncio.run(install(sys.argv[1], place, sys.argv[3:]))
    python = str(place / "prefix/bin/python")
    os.execv(python, [python, "-c", "pass"])
