"""Files that are either whole or absent, locks that die with their holder, digests of content."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blake3 import blake3

from reenact.codec import decode
from reenact.errors import StorageError
from reenact.hints import TypeVar

T = TypeVar("T")


def find_kept(kind: type[T], path: Path) -> T | None:
    """What was kept at ``path`` (JSON); None where nothing was, or nothing of that kind: then it is made again."""
    try:
        return decode(kind, path.read_bytes())
    except (OSError, ValueError):
        return None


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644, durable: bool = False) -> None:
    """Put ``data`` at ``path`` by rename: a reader sees the old file or the new one, never a part.

    ``durable`` also survives a loss of power (two fsyncs). The folder must exist.

    Raises:
        StorageError: the disk is full, or the place cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                if durable:
                    file.flush()
                    os.fsync(descriptor)
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        if durable:
            sync_folder(path.parent)
    except OSError as problem:
        raise StorageError(f"cannot write {path}: {problem.strerror or problem}") from problem


def sync_folder(folder: Path) -> None:
    """Make renames inside ``folder`` survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> Path:
    """``folder``, made with its parents if it is not there.

    Raises:
        StorageError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise StorageError(f"cannot make the folder {folder}: {problem.strerror or problem}") from problem
    return folder


@contextmanager
def lock(path: Path) -> Iterator[int]:
    """Hold the lock at ``path``, waiting for whoever has it; it is gone when the process is (flock(2)).

    Gives the descriptor that holds it: a program that inherits it shares the lock. The folder is made if it is not
    there, or no longer.
    """
    while (descriptor := _take_in_folder(path)) is None:
        continue
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def hold(path: Path) -> int | None:
    """Take the lock at ``path`` without waiting: an open descriptor that holds it, or None if another has it.

    The folder must exist. The caller closes the descriptor to let go. It is not inherited by programs that the
    caller starts.
    """
    try:
        return _take(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock at ``path``. A lock file that does not exist is not held."""
    try:
        # To look is enough, so that the lock of somebody else's file can be told too.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two lookers never take each other for the holder.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def share(path: Path) -> int | None:
    """Hold the file at ``path`` together with others: an open descriptor, or None if there is no such file any more.

    To be allowed to read it is enough. Whoever holds it alone (:func:`seize`) is waited for.
    """
    return _open_and_lock(path, os.O_RDONLY, fcntl.LOCK_SH)


def seize(path: Path) -> int | None:
    """Hold the file at ``path`` alone: an open descriptor, or None if somebody holds it, or there is no such file."""
    try:
        return _open_and_lock(path, os.O_RDWR, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None


def _take_in_folder(path: Path) -> int | None:
    try:
        return _take(make_folder(path.parent) / path.name, fcntl.LOCK_EX)
    except StorageError:
        if path.parent.exists():
            raise
        return None


def _take(path: Path, operation: int) -> int:
    while True:
        descriptor = _open_and_lock(path, os.O_RDWR | os.O_CREAT, operation)
        if descriptor is not None:
            return descriptor


def _open_and_lock(path: Path, flags: int, operation: int) -> int | None:
    """The open file at ``path``, locked; None if it is not there, or was deleted or replaced before we had the lock."""
    try:
        descriptor = os.open(path, flags | os.O_CLOEXEC, 0o644)
    except OSError as problem:
        if isinstance(problem, FileNotFoundError) and not flags & os.O_CREAT:
            return None
        raise StorageError(f"cannot open the lock {path}: {problem.strerror or problem}") from problem
    try:
        fcntl.flock(descriptor, operation)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError as problem:
        os.close(descriptor)
        raise StorageError(f"cannot lock {path}: {problem.strerror or problem}") from problem
    except BaseException:
        os.close(descriptor)
        raise
    if _is_at(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is still what ``path`` leads to. On NFS a deleted one may answer with ESTALE."""
    try:
        ours, there = os.fstat(descriptor), os.stat(path)
    except OSError:
        return False
    return ours.st_nlink > 0 and (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


def delete_tree(path: Path) -> None:
    """Delete a folder of ours, write-protected folders in it too; links go, what they lead to stays."""
    import shutil

    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except PermissionError:
        for folder, _, _ in os.walk(path):
            os.chmod(folder, 0o700)
        shutil.rmtree(path, ignore_errors=True)


def digest_file(path: Path) -> str:
    """BLAKE3 of a file's content, 64 hexadecimal digits."""
    hasher = blake3()
    hasher.update_mmap(path)
    return hasher.hexdigest()


def digest_tree(root: Path, *, skip: frozenset[str] = frozenset({".git", "__pycache__"})) -> str:
    """BLAKE3 over every file below ``root``: its path, whether it is executable, its content; links by target.

    Folders named in ``skip`` do not count, wherever they are.
    """
    hasher = blake3()
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in skip)
        links = [name for name in names if os.path.islink(f"{folder}/{name}")]
        for name in sorted(files + links):
            path = Path(folder, name)
            label = str(path.relative_to(root)).encode("utf-8", "surrogateescape")
            if path.is_symlink():
                entry = b"l\0" + os.readlink(path).encode("utf-8", "surrogateescape")
            elif path.is_file():
                kind = b"x\0" if os.access(path, os.X_OK) else b"f\0"
                entry = kind + digest_file(path).encode()
            else:
                continue
            hasher.update(label + b"\0" + entry + b"\0")
    return hasher.hexdigest()
