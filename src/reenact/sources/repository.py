"""A small git repository for the restored code of a run, so that a command which asks git is told what it was told.

HEAD is at the recorded commit, on the recorded branch, with the tags that name it, and the history ends there
(``shallow``). What the commit has besides the captured files is known by name and id, which is all that ``git status``
asks for; contents come from the store of all runs, which git reads and never writes. Where a container runs the
command, which does not see the store, they are copied instead.
"""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path

from reenact.errors import StorageError
from reenact.files import delete_tree, make_folder, write_atomic
from reenact.plan import Snapshot
from reenact.process.git import Git
from reenact.records.types import Code
from reenact.sources.capture.commit import apply, find_tree, frame, has_parents, hash_object, parse
from reenact.sources.capture.store import Store
from reenact.sources.git.checkout import quote
from reenact.values import NamedTuple

_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n"


class Means(NamedTuple):
    """Where contents come from: the store; where it has the captured files alone, ``patch``, which leads from those of
    the commit to them. With ``whole`` the repository is to need nothing outside of itself."""

    store: Store
    patch: Path | None = None
    whole: bool = False


def make_repository(source: Snapshot, kept: Code, target: Path, means: Means) -> None:
    """Make ``target`` the work tree of a repository at the commit of ``source``, of which the files were ``kept``.

    Where the commit was not recorded, or is not what it should be, none is made.
    """
    content = parse(kept.commit)
    if source.commit is None or hash_object("commit", content) != source.commit or os.path.lexists(target / ".git"):
        return
    git_dir = target / ".git"
    git = means.store.git.within(GIT_DIR=str(git_dir), GIT_WORK_TREE=str(target))._replace(cwd=target)
    try:
        _write_git_dir(source, git_dir)
        complete = _write_index(kept, means, git) == find_tree(content)
        if complete:
            _write_history(source, kept, git_dir)
            if means.whole:
                _copy_contents(git_dir, means.store, git)
            else:
                _write(git_dir / "objects" / "info" / "alternates", f"{means.store.path / 'objects'}\n")
            if means.patch is not None:
                _take_back(means.patch, kept.tree, means.store, git)
            _settle_index(kept, git)
    except (OSError, ValueError, StorageError):  # a name that no file can have is a ValueError
        complete = False
    if not complete:
        delete_tree(git_dir)


def is_reference(name: str) -> bool:
    """Whether git takes it for the name of a branch or a tag (git-check-ref-format(1))."""
    parts = name.split("/")
    return not re.search(r"[\0-\x20\x7f~^:?*\[\\]|\.\.|@\{|\.\Z|\A-|\A(?:@|HEAD)\Z", name) and not any(
        not part or part.startswith(".") or part.endswith(".lock") for part in parts
    )


def _write_git_dir(source: Snapshot, git_dir: Path) -> None:
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
        make_folder(git_dir / name)
    config = _CONFIG
    if source.repository is not None:
        url = f"\turl = {quote(source.repository)}\n"
        config += f'[remote "origin"]\n{url}\tfetch = +refs/heads/*:refs/remotes/origin/*\n'
    _write(git_dir / "config", config)
    on_branch = source.branch is not None and is_reference(source.branch)
    _write(git_dir / "HEAD", f"ref: refs/heads/{source.branch}\n" if on_branch else f"{source.commit}\n")


def _write_history(source: Snapshot, kept: Code, git_dir: Path) -> None:
    """The commit with its branch and its tags; nothing came before it."""
    commit = str(source.commit)
    content = parse(kept.commit)
    _write_object("commit", content, git_dir)
    references = {}
    if source.branch is not None and is_reference(source.branch):
        references[f"refs/heads/{source.branch}"] = commit
    for name, text in kept.tags:
        tag = parse(text)
        if is_reference(name) and (text is None or tag.startswith(f"object {commit}\ntype commit\n".encode())):
            references[f"refs/tags/{name}"] = commit if text is None else _write_object("tag", tag, git_dir)
    _write(git_dir / "packed-refs", "".join(f"{oid} {name}\n" for name, oid in sorted(references.items())))
    if has_parents(content):
        _write(git_dir / "shallow", f"{commit}\n")


def _write_object(kind: str, content: bytes, git_dir: Path) -> str:
    oid = hash_object(kind, content)
    loose = git_dir / "objects" / oid[:2] / oid[2:]
    make_folder(loose.parent)
    write_atomic(loose, zlib.compress(frame(kind, content)), mode=0o444)
    return oid


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors="surrogateescape")


def _write_index(kept: Code, means: Means, git: Git) -> str | None:
    """Write the index of the commit, and the trees that the store does not have; the id of the outermost."""
    if not kept.committed and not means.whole:
        return kept.tree if _with_store(git, means.store).run("read-tree", kept.tree).ok else None
    entries = apply(kept.committed, means.store.list_tree(kept.tree))
    lines = "".join(f"{entry.mode} {entry.oid}\t{path}\0" for path, entry in sorted(entries.items()))
    result = git.run("update-index", "-z", "--index-info", stdin=os.fsencode(lines)) if lines else None
    if result is not None and not result.ok:
        return None
    result = git.run("write-tree", "--missing-ok")
    return result.output.strip() if result.ok else None


def _with_store(git: Git, store: Store) -> Git:
    return git.within(GIT_ALTERNATE_OBJECT_DIRECTORIES=str(store.path / "objects"))


def _copy_contents(git_dir: Path, store: Store, git: Git) -> None:
    """Put what the store has of the contents in the index into the repository itself."""
    listed = git.run("ls-files", "--stage", "-z").data.split(b"\0")[:-1]
    asked = b"".join(sorted({line.split(b" ")[1] + b"\n" for line in listed}))
    said = store.git.run("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked).output
    there = "".join(f"{line.partition(' ')[0]}\n" for line in said.splitlines() if line.endswith(" blob"))
    pack = git_dir / "objects" / "pack" / "pack"
    result = store.git.run("pack-objects", "-q", "--window=0", str(pack), stdin=there.encode()) if there else None
    if result is not None and not result.ok:
        raise StorageError(f"cannot write {pack}: {result.errors.strip()[-400:]}")


def _take_back(patch: Path, tree: str, store: Store, git: Git) -> None:
    """Make the contents that the commit has where the files differ, out of these."""
    index = Path(git.environ["GIT_DIR"], "index.before")
    git = _with_store(git, store).within(GIT_INDEX_FILE=str(index))
    if git.run("read-tree", tree).ok:
        git.run("apply", "--cached", "--reverse", "--whitespace=nowarn", str(patch))
    index.unlink(missing_ok=True)


def _settle_index(kept: Code, git: Git) -> None:
    """Note which files are not there because they were not kept, and how the others look: scripts ask for both."""
    unseen = "".join(f"{each.path}\0" for each in kept.committed if each.unseen)
    if unseen:
        git.run("update-index", "--skip-worktree", "-z", "--stdin", stdin=os.fsencode(unseen))
    # It ends with 1 where a file differs.
    git.run("update-index", "-q", "--refresh")
