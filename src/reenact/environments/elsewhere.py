"""A lock that was made on another machine, for this one: the same packages for the same Python, which lies
elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from reenact.environments.python.interpreters import find_interpreter, probe
from reenact.environments.settings import platform_tag
from reenact.errors import BuildError
from reenact.plan import EnvironmentLock
from reenact.world import World


def bring_here(lock: EnvironmentLock, world: World) -> tuple[EnvironmentLock, list[str]]:
    """``lock`` as it can be used here, and what it needs that this machine does not have.

    Another version of the same C library will do, and is told: wheels say for themselves which they need.
    """
    if lock.interpreter is None:
        return lock, []  # Its Python is one of its packages, or the container's.
    problems = []
    here = platform_tag()
    if lock.platform != here:
        if _without_version(lock.platform) != _without_version(here):
            problems.append(f"its packages are for {lock.platform}, and this is {here}")
        else:
            world.report.warn(f"the packages were chosen for {lock.platform}, and this is {here}")
    interpreter = _find_same(lock, world)
    if interpreter is None:
        problems.append(f"Python {lock.python} is not on this machine (uv python install {lock.python} may bring it)")
    return lock._replace(interpreter=interpreter, platform=here), problems


def _find_same(lock: EnvironmentLock, world: World) -> str | None:
    """An interpreter of exactly the lock's version: the one that it names, if it is that here, too."""
    path = lock.interpreter or ""
    if os.access(path, os.X_OK):
        there = probe(Path(path), world)
        if there is not None and there.version == lock.python:
            return path
    implementation = "pypy" if "pypy" in path.rpartition("/")[2] else ""
    try:
        found = find_interpreter(f"{implementation}=={lock.python}", world).interpreter
    except BuildError:
        return None
    return found.path if found.version == lock.python else None


def _without_version(platform: str) -> str:
    """``linux-x86_64-glibc`` of ``linux-x86_64-glibc2.36``."""
    return platform.rstrip("0123456789.")
