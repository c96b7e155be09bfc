"""To make an environment exist, once: look, take the lock, look again, build, clean up on failure, mark.

An environment is built where it will be used, because scripts and libraries hold its path. What makes it count is its
marker, put there by a rename after everything else; a folder without one is deleted by whoever comes next.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from reenact.codec import encode
from reenact.environments.marker import MARKER, Marker
from reenact.errors import StorageError, UnsupportedError
from reenact.files import hold, make_folder, write_atomic
from reenact.files import lock as locked
from reenact.plan import EnvironmentLock
from reenact.values import NamedTuple
from reenact.world import World


class Workbench(NamedTuple):
    """Where something is resolved or made for a project: a ``folder`` of our home, and the project's, ``root``.

    ``held`` are descriptors of the folder's lock, for the programs that are started there: while one of them lives,
    nobody else touches the folder, even when we are killed.
    """

    folder: Path
    root: Path
    world: World
    held: tuple[int, ...] = ()


def expect_platform(lock: EnvironmentLock, here: str) -> None:
    """See that the lock is for this platform.

    Raises:
        UnsupportedError: it is for another one.
    """
    if lock.platform != here:
        message = f"this environment was resolved for {lock.platform}, and this is {here}"
        raise UnsupportedError(message, hint="resolve it again on this machine")


def delete(folder: Path) -> None:
    """Take away what a failed build left, as far as that is possible."""
    shutil.rmtree(folder, ignore_errors=True)


def make_place(
    bench: Workbench,
    find: Callable[[], Marker | None],
    build: Callable[[Workbench], Marker],
    clean_up: Callable[[Path], None] = delete,
) -> Marker:
    """Have ``build`` make the environment at the bench, or wait for whoever is making it, until ``find`` finds it.

    ``build`` finds an empty folder, and says what it made: the marker.

    Raises:
        StorageError: what a killed build left cannot be deleted.
    """
    folder, world = bench.folder, bench.world
    guard = folder.with_name(f".{folder.name}.lock")
    _tell_of_others(guard, world)
    with locked(guard) as descriptor:
        if found := find():
            return found
        clear(folder)
        make_folder(folder)
        try:
            made = build(bench._replace(held=(descriptor,)))
            write_atomic(folder / MARKER, encode(made))
        except BaseException:
            clean_up(folder)
            raise
        finally:
            world.report.done()
    return made


def clear(folder: Path) -> None:
    """Delete what an unfinished build left.

    Raises:
        StorageError: it cannot be deleted.
    """
    try:
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            # The marker first: if we are killed in the middle, what remains is not taken for whole.
            (folder / MARKER).unlink(missing_ok=True)
            shutil.rmtree(folder)
    except OSError as problem:
        raise StorageError(f"cannot delete the unfinished {folder}: {problem.strerror or problem}") from problem


def _tell_of_others(guard: Path, world: World) -> None:
    make_folder(guard.parent)
    descriptor = hold(guard)
    if descriptor is None:
        world.report.step("waiting", "for another run that makes the same environment")
    else:
        os.close(descriptor)
