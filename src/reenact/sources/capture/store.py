"""The store that the code of all runs is kept in: git's own format, so that each content is there once.

It is a bare repository without references. Nothing in it is ever changed by a filter: what goes in are the bytes of the
files, and the same bytes come out, whatever a project's ``.gitattributes`` or the user's settings say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from reenact.errors import RecordError, StorageError
from reenact.files import delete_tree, make_folder
from reenact.process.git import Git, make_git
from reenact.process.tool import ToolResult
from reenact.records.types import Code
from reenact.values import NamedTuple
from reenact.world import World

LINK = "120000"
FILE = "100644"
PROGRAM = "100755"

_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tbare = true
\tautocrlf = false
\tsymlinks = true
\tprotectNTFS = false
\tprotectHFS = false
\tlooseCompression = 1
"""
# The file that counts more than any .gitattributes (gitattributes(5)).
_ATTRIBUTES = "* -text -eol -ident -filter -working-tree-encoding -export-subst -export-ignore\n"

_NO_LINE = frozenset('\n\r"')
"""What a line of git's input cannot have, or not at an end of it."""


class Entry(NamedTuple):
    """A file of a tree as git has it: its mode and the id of its content."""

    mode: str
    oid: str


class Store(NamedTuple):
    """The store in a home, and git as it is started there."""

    path: Path
    git: Git

    def keep_files(self, base: Path, paths: Sequence[str]) -> list[str]:
        """Put the content of files and the targets of links, named relative to ``base``, into the store; their ids.

        Raises:
            FileNotFoundError: one of them is gone, or cannot be read any more.
            StorageError: the store cannot be written.
        """
        if not paths:
            return []
        with self._aside() as aside:
            names = [_nameable(base, path, aside, number) for number, path in enumerate(paths)]
            text = b"".join(os.fsencode(name) + b"\n" for name in names)
            git = self.git._replace(cwd=base)
            result = git.run("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=text)
        if not result.ok:
            if any(not os.path.lexists(base / path) for path in paths):
                raise FileNotFoundError(result.errors)
            raise _make_error("keep the code", result)
        return result.output.split()

    def keep_contents(self, contents: Sequence[bytes]) -> list[str]:
        """Put these contents into the store; their ids.

        Raises:
            StorageError: the store cannot be written.
        """
        with self._aside() as aside:
            for number, content in enumerate(contents):
                (aside / f"content-{number}").write_bytes(content)
            return self.keep_files(aside, [f"content-{number}" for number in range(len(contents))])

    def write_tree(self, entries: Mapping[str, Entry]) -> str:
        """The id of the tree that has these files.

        Raises:
            StorageError: the store cannot be written.
        """
        lines = (f"{entry.mode} {entry.oid}\t{path}\0" for path, entry in sorted(entries.items()))
        with self._aside() as aside:
            git = self.git.within(GIT_INDEX_FILE=str(aside / "index"))
            text = os.fsencode("".join(lines))
            result = git.run("update-index", "-z", "--index-info", stdin=text) if text else None
            if result is not None and not result.ok:
                raise _make_error("keep the code", result)
            result = git.run("write-tree")
        if not result.ok:
            raise _make_error("keep the code", result)
        return result.output.strip()

    def list_tree(self, tree: str) -> dict[str, Entry]:
        """The files of a tree by path.

        Raises:
            RecordError: it is not in the store.
        """
        result = self.git.run("ls-tree", "-r", "-z", "--full-tree", tree)
        if not result.ok:
            raise _make_missing(tree, result)
        return parse_tree(result.data)

    def restore(self, code: Code, target: Path) -> None:
        """Write the files of ``code`` to the folder ``target``, which does not exist yet.

        Raises:
            RecordError: they are not in the store, or not whole.
            StorageError: the folder cannot be written.
        """
        make_folder(target)
        with self._aside() as aside:
            git = self.git.within(GIT_INDEX_FILE=str(aside / "index"), GIT_WORK_TREE=str(target))._replace(cwd=target)
            result = git.run("read-tree", code.tree)
            if result.ok:
                result = git.run("checkout-index", "--all", "--force", f"--prefix={target}/")
        if not result.ok:
            delete_tree(target)
            if "No space left" in result.errors:
                raise _make_error(f"write {target}", result)
            raise _make_missing(code.tree, result)
        for folder in code.folders:
            make_folder(target / folder)

    def render_diff(self, old: str, new: str, *, names_only: bool = False) -> bytes:
        """What ``git diff`` says of two trees, binary files included; their names alone, each with its letter.

        Raises:
            RecordError: one of them is not in the store.
        """
        form = ("--name-status", "--no-renames") if names_only else ("--binary", "--full-index")
        result = self.git.run("diff", "--no-color", "--no-ext-diff", "--no-textconv", *form, old, new, "--")
        if not result.ok:
            raise _make_missing(f"{old[:12]} or {new[:12]}", result)
        return result.data

    def render_blob_diff(self, old: str, new: str) -> bytes:
        """What ``git diff`` says of two contents, without the lines around the changes.

        Raises:
            RecordError: one of them is not in the store.
        """
        result = self.git.run("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--unified=0", old, new, "--")
        if not result.ok:
            raise _make_missing(f"{old[:12]} or {new[:12]}", result)
        return result.data

    def read_blob(self, oid: str) -> bytes:
        """A content.

        Raises:
            RecordError: it is not in the store.
        """
        result = self.git.run("cat-file", "blob", oid)
        if not result.ok:
            raise _make_missing(oid, result)
        return result.data

    @contextmanager
    def _aside(self) -> Iterator[Path]:
        """A folder for what is needed for a moment; what a kill leaves of it, nobody looks at."""
        aside = make_folder(self.path / "aside" / f"{os.getpid()}.{os.urandom(4).hex()}")
        try:
            yield aside
        finally:
            delete_tree(aside)


def open_store(world: World) -> Store:
    """The store of the home, made if it is not there.

    Raises:
        StorageError: the home cannot be written.
    """
    path = world.home.objects
    if not (path / "HEAD").exists():
        _make_store(path)
    git = make_git(world.environ).within(GIT_DIR=str(path))
    return Store(path, git)


def _make_store(path: Path) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    for folder in ("objects/info", "objects/pack", "refs/heads", "info"):
        make_folder(aside / folder)
    try:
        (aside / "config").write_text(_CONFIG)
        (aside / "info" / "attributes").write_text(_ATTRIBUTES)
        (aside / "HEAD").write_text("ref: refs/heads/none\n")
        try:
            aside.rename(path)
        except OSError:
            if not (path / "HEAD").exists():  # else somebody was faster
                raise
    except OSError as problem:
        raise StorageError(f"cannot make {path}: {problem.strerror or problem}") from problem
    finally:
        delete_tree(aside)


def parse_tree(data: bytes) -> dict[str, Entry]:
    """What ``git ls-tree -r -z`` printed. Pure."""
    found = {}
    for line in os.fsdecode(data).split("\0")[:-1]:
        facts, _, path = line.partition("\t")
        mode, _, oid = facts.split(" ")
        found[path] = Entry(mode, oid)
    return found


def _nameable(base: Path, path: str, aside: Path, number: int) -> str:
    """A path whose file has the bytes to be kept and whose name has no end of line in it."""
    whole = os.path.join(base, path)
    if os.path.islink(whole):
        stand_in = aside / str(number)
        stand_in.write_bytes(os.fsencode(os.readlink(whole)))
        return str(stand_in)
    if not _NO_LINE.isdisjoint(path):
        stand_in = aside / str(number)
        stand_in.symlink_to(whole)
        return str(stand_in)
    return path


def _make_error(what: str, result: ToolResult) -> StorageError:
    said = result.errors.strip().splitlines()[-3:]
    return StorageError(f"cannot {what}: git ended with {result.code}\n" + "\n".join(said))


def _make_missing(what: str, result: ToolResult) -> RecordError:
    said = "\n".join(result.errors.strip().splitlines()[-2:])
    return RecordError(f"the store does not have the code {what} whole\n{said}", hint="import a bundle of the run")
