"""To delete from the store what no run refers to any more.

What was written or wanted within a day stays, so that a capture which goes on at the same moment finds all that it
relies on: git renews the time of whatever is kept a second time, and leaves alone what young objects lead to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from reenact.errors import RecordError, StorageError
from reenact.files import delete_tree, find_kept, write_atomic
from reenact.records.files import read_code
from reenact.records.types import Code
from reenact.run_folder import RunFolder
from reenact.sources.capture.memo import Known
from reenact.sources.capture.store import Store, open_store
from reenact.world import World

DAY = 86400.0


def sweep_code(world: World) -> int:
    """Delete it; the bytes that this freed.

    Raises:
        StorageError: the store cannot be written.
    """
    if not world.home.objects.is_dir():
        return 0
    store = open_store(world)
    before = measure(store.path)
    for path in _list_old(store.path, world.now() - DAY):
        delete_tree(path)
    _write_references(store, sorted(_find_there(store, set(_list_live(world)))))
    result = store.git.run("gc", "--quiet", f"--prune={int(world.now() - DAY)}")
    if not result.ok:
        said = result.errors.strip().splitlines()[-3:]
        raise StorageError("the store of code cannot be cleaned: git ended with an error\n" + "\n".join(said))
    return max(before - measure(store.path), 0)


def measure(folder: Path) -> int:
    """Bytes on disk of a folder with all that is in it."""
    return sum(os.lstat(Path(at, name)).st_blocks * 512 for at, _, names in os.walk(folder) for name in names)


def _list_old(store: Path, limit: float) -> Iterator[Path]:
    """What was remembered of places that nobody has looked at for a day, and what a kill left."""
    for pattern in ("places/*", "sources/*", "aside/*"):
        for path in store.glob(pattern):
            try:
                if path.stat().st_mtime < limit:
                    yield path
            except FileNotFoundError:
                continue


def _list_live(world: World) -> Iterator[str]:
    """The trees of every run, of what may become one, and of what is remembered."""
    for parent in (world.home.runs, world.home.staging):
        for folder in parent.glob("*"):
            try:
                code = read_code(RunFolder(folder))
            except RecordError:
                continue  # damaged: what it named cannot be known
            yield from _list_trees(code)
    for path in world.home.objects.glob("sources/*.json"):
        yield from _list_trees(find_kept(Code, path))
    for path in world.home.objects.glob("places/*.json"):
        known = None if path.name.endswith(".files.json") else find_kept(Known, path)
        yield from _list_trees(known.code if known else None)


def _list_trees(code: Code | None) -> Iterator[str]:
    if code is not None:
        yield from (tree for tree in (code.tree, code.base) if tree)


def _find_there(store: Store, trees: set[str]) -> set[str]:
    """Those that the store has: a reference to what is missing would stop git."""
    text = "".join(f"{tree}\n" for tree in sorted(trees))
    if not text:
        return set()
    said = store.git.run("cat-file", "--batch-check", stdin=text.encode()).output
    return {line.partition(" ")[0] for line in said.splitlines() if line.split(" ")[1:2] == ["tree"]}


def _write_references(store: Store, trees: list[str]) -> None:
    lines = ["# pack-refs with: peeled fully-peeled sorted ", *(f"{tree} refs/kept/{tree}" for tree in trees)]
    write_atomic(store.path / "packed-refs", ("\n".join(lines) + "\n").encode())
