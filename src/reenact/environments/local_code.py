"""Local code that an environment installs: known by its content, kept as a copy that no checkout can take away.

What tools leave behind in a source tree (``build``, ``*.egg-info``, virtual environments, records of runs) does not
count.
"""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from blake3 import blake3

from reenact.environments.python.requirement_lines import ARCHIVES
from reenact.errors import BuildError, ProjectError, RecordError, StorageError
from reenact.files import digest_file, make_folder, write_atomic
from reenact.values import NamedTuple
from reenact.world import World

TOOLS = (
    "reenact.lock",
    ".git",
    ".hg",
    ".svn",
    ".bzr",
    ".dvc",
    ".idea",
    ".vscode",
    ".DS_Store",
    "mlruns",
    "mlartifacts",
    "wandb",
)
CACHES = ("__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints", ".eggs")
PLACES = (".venv", "venv", ".tox", ".nox", "node_modules")
SKIP = frozenset((*TOOLS, *CACHES, *PLACES))
"""Names that never count, wherever they are."""

SKIP_AT_TOP = frozenset({"build", "dist"})
"""Folders that do not count in the tree's own top folder; further down they may be packages."""

SETTLED = 2.0
"""Seconds after which an unchanged time of change means unchanged content (as for git's racy entries)."""


class Entry(NamedTuple):
    """A file or link below a tree: its path there, and what stat(2) says of it."""

    path: str
    status: os.stat_result

    @property
    def is_link(self) -> bool:
        """It is a symbolic link."""
        return stat.S_ISLNK(self.status.st_mode)


def digest_local(path: Path, world: World) -> str:
    """BLAKE3 of what ``path``, a file or a folder, holds: 64 hexadecimal digits.

    A tree that did not change since it was read is not read again.

    Raises:
        ProjectError: it cannot be read.
    """
    try:
        entries = list_entries(path, world.home.root)
        memo = world.home.trees / "digests" / _fingerprint(path, entries)
        if (known := _read(memo)) is not None:
            return known
        digest = _digest(path, entries)
    except OSError as problem:
        raise ProjectError(f"cannot read the local package {path}: {problem.strerror or problem}") from problem
    if world.now() - max((entry.status.st_ctime for entry in entries), default=0.0) > SETTLED:
        make_folder(memo.parent)
        write_atomic(memo, digest.encode())
    return digest


def keep_copy(path: Path, digest: str, world: World) -> Path:
    """The copy of ``path`` whose content has this digest, made if there is none; a file is inside a folder of its own.

    Raises:
        BuildError: ``path`` does not have this content (any more), or is gone.
        StorageError: the copy cannot be written.
    """
    import shutil

    kept = world.home.trees / digest
    with suppress(OSError):  # Not there, or not ours to change.
        # Who collects copies that nothing refers to any more leaves alone what was used a moment ago.
        os.utime(kept)
    if kept.is_dir():
        return _inside(kept, path)
    make_folder(world.home.trees)
    aside = world.home.trees / f".{digest[:16]}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        _copy(path, list_entries(path, world.home.root), aside)
        if _digest(_inside(aside, path), list_entries(_inside(aside, path), world.home.root)) != digest:
            raise BuildError(f"{path} is not what it was when it was planned", hint="run again")
        aside.rename(kept)
    except FileNotFoundError as problem:
        raise BuildError(
            f"the local package {path} is gone", hint="its copy is gone too: plan the run again"
        ) from problem
    except OSError as problem:
        if not kept.is_dir():  # else another run was faster
            raise StorageError(f"cannot copy {path} to {kept}: {problem.strerror or problem}") from problem
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return _inside(kept, path)


def keep_copies(local: Mapping[str, str], root: Path, world: World) -> dict[str, Path]:
    """The copy of each path, relative to ``root``, of which ``local`` has the digest.

    Raises:
        BuildError: one does not have this content (any more), or is gone.
        StorageError: a copy cannot be written.
    """
    return {path: keep_copy(root / path, digest, world) for path, digest in local.items()}


def show_copy(copy: Path, world: World) -> str:
    """The path of a copy as locks have it: from the folder of a family, or of an environment."""
    return f"../../trees/{copy.relative_to(world.home.trees)}"


def adopt_copy(tree: Path, digest: str, world: World) -> None:
    """Keep what counts of ``tree``, a copy that was made elsewhere, as the one of its digest.

    Raises:
        RecordError: it has another digest.
        StorageError: the copy cannot be written.
    """
    if (world.home.trees / digest).is_dir():
        return
    for path in (tree, *(each for each in tree.iterdir() if each.name.lower().endswith(ARCHIVES))):
        if _digest(path, list_entries(path, world.home.root)) == digest:
            keep_copy(path, digest, world)
            return
    raise RecordError(f"a copy of local code is not what its name says: {digest[:12]} (digest)")


def list_entries(root: Path, home: Path) -> list[Entry]:
    """Every file and link of a tree that counts, ordered by path; for a file just itself, under its name."""
    if not root.is_dir():
        return [Entry(root.name, root.stat())]
    found: list[Entry] = []
    folders = [""]
    while folders:
        folder = folders.pop()
        with os.scandir(root / folder) as scan:
            for entry in scan:
                if _counts(entry, folder, home):
                    path = folder + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(f"{path}/")
                    elif entry.is_symlink() or entry.is_file():
                        found.append(Entry(path, entry.stat(follow_symlinks=False)))
    return sorted(found, key=lambda entry: entry.path)


def _counts(entry: os.DirEntry[str], folder: str, home: Path) -> bool:
    if entry.name in SKIP or entry.name.endswith((".egg-info", ".pyc")):
        return False
    if not folder and entry.name in SKIP_AT_TOP and entry.is_dir():
        return False
    return Path(entry.path) != home


def _digest(root: Path, entries: list[Entry]) -> str:
    hasher = blake3()
    base = root if root.is_dir() else root.parent
    for path, status in entries:
        label = path.encode("utf-8", "surrogateescape")
        if stat.S_ISLNK(status.st_mode):
            content = b"l\0" + os.readlink(base / path).encode("utf-8", "surrogateescape")
        else:
            content = (b"x\0" if status.st_mode & 0o100 else b"f\0") + digest_file(base / path).encode()
        hasher.update(label + b"\0" + content + b"\0")
    return hasher.hexdigest()


def _fingerprint(root: Path, entries: list[Entry]) -> str:
    hasher = blake3(os.fsencode(root))
    for path, status in entries:
        facts = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        hasher.update(f"{path}\0{facts}\0".encode("utf-8", "surrogateescape"))
    return hasher.hexdigest()


def _copy(path: Path, entries: list[Entry], target: Path) -> None:
    import shutil

    base = path if path.is_dir() else path.parent
    target.mkdir()
    for entry in entries:
        (target / entry.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(base / entry.path, target / entry.path, follow_symlinks=False)


def _inside(kept: Path, path: Path) -> Path:
    """Where in its copy a path is: a file keeps its name, which says what kind of archive it is."""
    return kept / path.name if path.name.lower().endswith(ARCHIVES) and (kept / path.name).is_file() else kept


def _read(memo: Path) -> str | None:
    try:
        text = memo.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return None
    return text if len(text) == 64 else None
