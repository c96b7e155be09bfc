"""The environments that stand in our home, of every kind: looked at, held while a run is inside, taken away.

A folder in ``environments/`` that holds the marker is a whole environment; its name is its key. The marker is also what
a run holds for as long as it lives, together with others (flock(2), ``files.share``), and its time of change says when
the environment was last used. Who deletes an environment holds its marker alone (``files.seize``), takes it away first
and moves the folder aside before anything in it goes: what is killed on the way leaves a whole environment or none. A
run that starts at the same moment finds that its marker is gone, and makes the environment again from its lock.

On NFS flock works between machines (Linux 2.6.12), also for a home that we may only read.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from reenact.codec import decode
from reenact.environments.marker import MARKER, Marker
from reenact.errors import StorageError
from reenact.files import delete_tree, hold, is_held, seize, share
from reenact.home import Home
from reenact.values import NamedTuple

LOCK_FILES = {"conda": "pixi.lock", "python": "pylock.toml"}
"""The lock file inside an environment of each kind. One of conda's that pip lines add to has the other file, too."""

_TRASH = ".trash-"


class Standing(NamedTuple):
    """A folder on the shelf. ``used`` is when a run last went in, in seconds since the epoch; ``made`` is RFC 3339.

    Without a marker it is not ``whole``: a build was killed, or failed, or is under way.
    """

    key: str
    folder: Path
    whole: bool
    kind: str
    used: float
    python: str | None = None
    packages: int = 0
    made: str = ""

    @property
    def lock_file(self) -> Path | None:
        """The lock that it was made from."""
        name = LOCK_FILES.get(self.kind)
        return self.folder / name if name else None


def occupy(folder: Path) -> int | None:
    """Hold the environment for as long as the returned descriptor is open, and note that it is used now.

    None where it has been taken away this moment. The descriptor is not inherited by programs that we start.
    """
    descriptor = share(folder / MARKER)
    if descriptor is not None:
        with suppress(OSError):  # Somebody else's home, which we may only read.
            os.utime(descriptor)
    return descriptor


def find_made(descriptor: int) -> str:
    """When the environment that is held was made (RFC 3339)."""
    try:
        return decode(Marker, os.pread(descriptor, 1 << 20, 0)).made
    except ValueError:
        return ""


def list_standing(home: Home) -> list[Standing]:
    """Everything on the shelf, whole or not, last used first."""
    try:
        names = os.listdir(home.environments)
    except FileNotFoundError:
        return []
    found = [look(home.environments / name) for name in names if not name.startswith(".")]
    return sorted((each for each in found if each is not None), key=lambda each: (-each.used, each.key))


def look(folder: Path) -> Standing | None:
    """What stands at ``folder``; None if nothing does, or no more."""
    kind = next((kind for kind, name in LOCK_FILES.items() if (folder / name).exists()), "unknown")
    try:
        text = (folder / MARKER).read_bytes()
        marker, used = decode(Marker, text), os.stat(folder / MARKER).st_mtime
    except (OSError, ValueError):
        try:
            return Standing(folder.name, folder, False, kind, os.stat(folder).st_mtime)
        except OSError:
            return None
    return Standing(folder.name, folder, True, kind, used, marker.python, len(marker.packages), marker.made)


def is_used(folder: Path) -> bool:
    """Whether a living run is inside."""
    if not (folder / MARKER).exists():
        return False
    try:
        descriptor = seize(folder / MARKER)
    except StorageError:
        return False  # A home that we may only read: whoever may delete there can tell.
    if descriptor is None:
        return (folder / MARKER).exists()
    os.close(descriptor)
    return False


def is_being_made(folder: Path) -> bool:
    """Whether a living run is making it."""
    return is_held(_guard(folder))


def take_away(folder: Path, *, used_until: float | None = None) -> bool:
    """Delete the environment, or what is left of one; False where a living run is inside or making it.

    With ``used_until`` also where it has been used since that moment.

    Raises:
        StorageError: it cannot be moved or deleted.
    """
    guard = _guard(folder)
    making = hold(guard) if folder.exists() else None
    if making is None:
        return False
    try:
        trash = _move_aside(folder, used_until)
        if not folder.exists():
            guard.unlink(missing_ok=True)
    except OSError as problem:
        raise StorageError(f"cannot take away {folder}: {problem.strerror or problem}") from problem
    finally:
        os.close(making)
    if trash is None:
        return False
    _delete(trash)
    return True


def _guard(folder: Path) -> Path:
    """The lock that is held while the environment is made, or taken away."""
    return folder.with_name(f".{folder.name}.lock")


def _move_aside(folder: Path, used_until: float | None) -> Path | None:
    """Where the folder is now, under a name that counts for nothing; None where it is not there, or not to be taken."""
    marker = folder / MARKER
    alone = seize(marker)
    if alone is None and marker.exists():
        return None
    try:
        if alone is not None and used_until is not None and os.fstat(alone).st_mtime > used_until:
            return None
        trash = folder.with_name(f"{_TRASH}{folder.name[:16]}-{os.urandom(4).hex()}")
        # The marker first: on a network file system another machine may know the folder by its old name for a while.
        marker.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            folder.rename(trash)
            return trash
        return None
    finally:
        if alone is not None:
            os.close(alone)


def list_trash(home: Home) -> Iterator[Path]:
    """What was moved aside by somebody who was killed before he had deleted it, and guards of nothing."""
    try:
        names = os.listdir(home.environments)
    except FileNotFoundError:
        return
    for name in names:
        if name.startswith(_TRASH) or (name.endswith(".lock") and name[1:-5] not in names):
            yield home.environments / name


def sweep_trash(home: Home) -> int:
    """Delete all of :func:`list_trash`, less what is held at this moment; how many."""
    count = 0
    for path in list_trash(home):
        if path.name.startswith(_TRASH):
            _delete(path)
        else:
            held = hold(path)
            if held is None:
                continue
            path.unlink(missing_ok=True)
            os.close(held)
        count += 1
    return count


def _delete(trash: Path) -> None:
    try:
        delete_tree(trash)
    except FileNotFoundError:
        return  # Somebody else sweeps, too.
    except OSError as problem:
        raise StorageError(f"cannot delete {trash}: {problem.strerror or problem}") from problem
