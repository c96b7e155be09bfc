"""The commits between two, out of the repository that a run came from, and their files into our store."""

from __future__ import annotations

import os
from pathlib import Path

from reenact.errors import SourceError
from reenact.plan import Snapshot
from reenact.process.git import Git, make_git
from reenact.sources.capture.blobs import read_blobs
from reenact.sources.capture.store import FILE, LINK, PROGRAM, Entry, Store
from reenact.sources.work_tree import find_work_tree
from reenact.values import NamedTuple
from reenact.world import World

FIELDS = "%H%x09%s"


class Step(NamedTuple):
    """A commit, by its id and the first line of what it says."""

    commit: str
    subject: str


class History(NamedTuple):
    """Commits in their order, and git in the repository that has them."""

    git: Git
    steps: tuple[Step, ...] = ()


def find_history(old: str, new: str, source: Snapshot, world: World) -> History | None:
    """The commits after ``old`` up to ``new``, on the way that leads there; None where that is not known.

    Asks no server but for contents that a mirror of ours left there.
    """
    for git in _find_repositories(source, world):
        result = git.run("rev-list", "--reverse", "--ancestry-path", f"--format={FIELDS}", f"{old}..{new}")
        if result.ok and result.output:
            lines = [line for line in result.output.splitlines() if not line.startswith("commit ")]
            return History(git, tuple(Step(*line.partition("\t")[::2]) for line in lines))
    return None


def keep_commit(commit: str, history: History, store: Store) -> str:
    """The files of a commit in our store, without submodules; the id of their tree.

    Raises:
        SourceError: the repository does not have all of them.
        StorageError: the store cannot be written.
    """
    result = history.git.run("ls-tree", "-r", "-z", "--full-tree", commit)
    listed = [line.partition("\t") for line in os.fsdecode(result.data).split("\0")[:-1]]
    files = {path: facts.split(" ") for facts, _, path in listed if facts.split(" ")[0] in (FILE, PROGRAM, LINK)}
    contents = read_blobs((oid for _, _, oid in files.values()), history.git)
    if not result.ok or any(oid not in contents for _, _, oid in files.values()):
        raise SourceError(f"the repository does not have all files of commit {commit[:12]}")
    ids = dict(zip(contents, store.keep_contents(list(contents.values())), strict=True))
    return store.write_tree({path: Entry(mode, ids[oid]) for path, (mode, _, oid) in files.items()})


def _find_repositories(source: Snapshot, world: World) -> list[Git]:
    """git in the work tree that the run was in, where it still is, and in our mirror of where it came from."""
    from reenact.sources.git.address import is_remote, make_local, parse_address
    from reenact.sources.git.mirror import open_mirror

    found = []
    top = find_work_tree(Path(source.root)) if source.root else None
    if top is not None:
        found.append(make_git(world.environ, top))
    if source.kind == "git" and source.repository:
        address = parse_address(source.repository) if is_remote(source.repository) else make_local(source.repository)
        mirror = open_mirror(address, world)
        found.append(mirror.lazy.within(GIT_DIR=str(mirror.path)))
    return found
