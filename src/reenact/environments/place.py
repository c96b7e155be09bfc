"""To make an environment exist, once: look, take the lock, look again, build, clean up on failure, mark.

An environment is built where it will be used, because scripts and libraries hold its path. What makes it count is its
marker, put there by a rename after everything else; a folder without one is deleted by whoever comes next.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from reenact.environments.marker import MARKER
from reenact.errors import StorageError
from reenact.files import hold, make_folder
from reenact.files import lock as locked
from reenact.world import World


def delete(folder: Path) -> None:
    """Take away what a failed build left, as far as that is possible."""
    shutil.rmtree(folder, ignore_errors=True)


def make_place(
    folder: Path,
    is_complete: Callable[[], bool],
    build: Callable[[int], None],
    world: World,
    clean_up: Callable[[Path], None] = delete,
) -> None:
    """Have ``build`` make the environment at ``folder``, or wait for whoever is making it.

    ``build`` finds an empty folder and writes its marker last. It is given the descriptor of the lock, for the programs
    that it starts: while one of them lives, nobody else touches the folder, even when we are killed.

    Raises:
        StorageError: what a killed build left cannot be deleted.
    """
    guard = folder.with_name(f".{folder.name}.lock")
    _tell_of_others(guard, world)
    with locked(guard) as descriptor:
        if is_complete():
            return
        clear(folder)
        make_folder(folder)
        try:
            build(descriptor)
        except BaseException:
            clean_up(folder)
            raise
        finally:
            world.report.done()


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
