"""To capture a folder: look at everything, ask git what belongs to it, keep what is new, remember it all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from blake3 import blake3

from reenact.data.content import Unread, read_content
from reenact.data.folders import digest_listing
from reenact.errors import SourceError
from reenact.hints import Literal
from reenact.process.git import make_git
from reenact.records.types import Code, LeftOut
from reenact.size_limit import find_size_limit
from reenact.sources.capture import Captured
from reenact.sources.capture.blobs import read_blobs
from reenact.sources.capture.commit import describe_commit
from reenact.sources.capture.excess import TIMES, find_excess
from reenact.sources.capture.listing import Listing, find_repositories, list_files, list_tracked
from reenact.sources.capture.memo import Known, Memo, Table, make_fingerprint
from reenact.sources.capture.scan import MOST_APART, TOOLS, Scan, Signature, make_signature, scan
from reenact.sources.capture.store import FILE, LINK, PROGRAM, Entry, Store, open_store
from reenact.sources.work_tree import Facts, find_work_tree, make_facts
from reenact.values import NamedTuple
from reenact.world import World

ATTEMPTS = 3
"""How often a folder is looked at that changes meanwhile."""


class View(NamedTuple):
    """A folder at one moment: what is in it, which of that is code, where its repositories are."""

    base: Path
    scan: Scan
    listing: Listing
    repositories: tuple[str, ...]
    entered: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()


def capture(root: Path, memo: Memo | None, world: World) -> Captured:
    """Capture the folder ``root``, a path without links, or all of the work tree that it is a part of.

    Without git nothing can be kept: that is said, and the code is None. Without a memo nothing is remembered of it.

    Raises:
        SourceError: the files change faster than they can be read.
        StorageError: the store cannot be written.
    """
    if world.find_program("git") is None:
        world.report.warn("git is not installed: the code is not kept, and the run cannot be run again from its record")
        return Captured(Facts(), None)
    try:
        for _ in range(ATTEMPTS):
            try:
                return _capture(root, memo, world)
            except FileNotFoundError:
                continue
    finally:
        world.report.done()
    raise SourceError(f"{root} changes while it is read", hint="try again when nothing writes there")


def _capture(root: Path, memo: Memo | None, world: World) -> Captured:
    began = world.now()
    store = open_store(world)
    limit = find_size_limit(world.environ)
    base = _choose_base(root, world)
    view = _look(base, store, world)
    table = Table() if memo is None else memo.find_table()
    keeping = _Keeping(view, store, table, limit, world)
    code = keeping.keep()
    status = view.listing.status
    facts = Facts() if status is None else make_facts(status, base, root)
    prefix = root.relative_to(base).as_posix()
    code = code._replace(prefix="" if prefix == "." else prefix)
    if memo is not None:
        fingerprint = make_fingerprint(view.scan, str(base), view.repositories, world, str(limit))
        known = Known(fingerprint, str(base), facts, code, view.entered, view.passed, view.repositories)
        memo.keep(known, Table(keeping.blobs, keeping.digests), view.scan, began)
    return Captured(facts, code)


def _choose_base(root: Path, world: World) -> Path:
    """The whole work tree where ``root`` is under its version control, else ``root`` alone."""
    top = find_work_tree(root)
    if top is None or top == root:
        return root
    return top if list_tracked(root, world) else root


def _look(base: Path, store: Store, world: World) -> View:
    repositories = find_repositories(base, world) if (base / ".git").exists() else {}
    tracked = {f"{folder}{path}" for folder, known in repositories.items() for path in known}
    entered = tuple(sorted(_find_tools(tracked)))
    ours = _find_home(base, world)
    found = scan(str(base), entered=entered, passed=ours)
    listing = list_files(base, repositories, store.git, world)
    large = tuple(folder for folder in listing.ignored if folder[-1] == "/" and _count(found, folder) > MOST_APART)
    if large:
        found = scan(str(base), entered=entered, passed=(*ours, *large))
    nested = tuple(each.path + "/" for each in listing.nested)
    return View(base, found, listing, tuple(repositories) + nested, entered, (*ours, *large))


def _find_tools(paths: set[str]) -> set[str]:
    """The folders in ``paths`` that are named as those of tools are."""
    found = set()
    for path in paths:
        parts = path.split("/")[:-1]
        if not TOOLS.isdisjoint(parts):
            found |= {"/".join(parts[: at + 1]) + "/" for at, part in enumerate(parts) if part in TOOLS}
    return found


def _find_home(base: Path, world: World) -> tuple[str, ...]:
    """Our own home, where it is inside the project."""
    home = Path(os.path.realpath(world.home.root))
    return (f"{home.relative_to(base).as_posix()}/",) if home != base and home.is_relative_to(base) else ()


def _count(found: Scan, folder: str) -> int:
    return sum(path.startswith(folder) for path in found.files)


class _Keeping:
    """One capture: what goes into the store, and what is only described."""

    def __init__(self, view: View, store: Store, table: Table, limit: int, world: World) -> None:
        self._view = view
        self._store = store
        self._known = table
        self._limit = limit
        self._world = world
        self.blobs: dict[str, tuple[Signature, str]] = {}
        self.digests: dict[str, tuple[Signature, str]] = {}

    def keep(self) -> Code:
        listing, found = self._view.listing, self._view.scan
        wanted = {path: found.files[path] for path in listing.tracked | listing.beside if path in found.files}
        left = [LeftOut(path, "tools", None, None, None) for path in found.passed if path[-5:] != ".git/"]
        heavy = self._find_heavy(wanted)
        left += [self._describe_folder(folder, paths, "large") for folder, paths in heavy.items()]
        without = {path for paths in heavy.values() for path in paths}
        kept = {}
        for path, signature in sorted(wanted.items()):
            if path in without:
                continue
            if signature.is_link or (signature.size <= self._limit and os.access(self._view.base / path, os.R_OK)):
                kept[path] = signature
            else:
                left.append(self._describe(path, signature))
        entries = self._keep_files(kept)
        left += self._describe_ignored(set(wanted))
        tree = self._store.write_tree(entries)
        committed = describe_commit(listing, entries, tree, make_git(self._world.environ, self._view.base))
        return Code(
            tree,
            self._make_base(entries, tree),
            folders=tuple(sorted(folder.rstrip("/") for folder in found.empty if not self._is_ignored(folder))),
            nested=listing.nested,
            left_out=tuple(sorted(left)),
            **committed._asdict(),
        )

    def _find_heavy(self, wanted: Mapping[str, Signature]) -> dict[str, list[str]]:
        """The folders that are too much to be kept, with the files in them that nobody put under version control.

        Links are kept: they weigh nothing.
        """
        there = {path: wanted[path] for path in self._view.listing.beside if path in wanted}
        beside = {path: each.size for path, each in there.items() if not each.is_link}
        found = {}
        for folder in find_excess({p: size for p, size in beside.items() if size <= self._limit}, TIMES * self._limit):
            found[folder] = [path for path in beside if path.startswith(folder)]
            size = sum(beside[path] for path in found[folder]) / 2**20
            self._world.report.warn(
                f"{folder} is not kept with the code: {len(found[folder])} files, {size:.0f} MiB, that are not under "
                "version control; .reenactignore names what is no code, 'inputs:' what is read"
            )
        return found

    def _keep_files(self, files: Mapping[str, Signature]) -> dict[str, Entry]:
        new = []
        for path, signature in files.items():
            known = self._known.blobs.get(path)
            if known is not None and known[0] == signature:
                self.blobs[path] = known
            else:
                new.append(path)
        if len(new) > 1000:
            self._world.report.step("keeping the code", f"{len(new)} files")
        base = self._view.base
        ids = dict(zip(new, self._store.keep_files(base, new), strict=True))
        entries = {path: Entry(_mode(files[path]), each[1]) for path, each in self.blobs.items()}
        for path, oid in ids.items():
            entries[path] = Entry(_mode(files[path]), oid)
            # What changed while it was read is kept as it was read, and read again the next time.
            if make_signature(os.lstat(base / path)) == files[path]:
                self.blobs[path] = (files[path], oid)
        return entries

    def _describe_ignored(self, wanted: set[str]) -> list[LeftOut]:
        """What is ignored, a whole folder as one; and whatever else was seen that is no code."""
        left = []
        listing, found = self._view.listing, self._view.scan
        folders = tuple(sorted(path for path in listing.ignored if path[-1] == "/"))
        inside: dict[str, list[str]] = {folder: [] for folder in folders if folder not in found.passed}
        for path in found.files:
            if path in wanted or path[-5:] == "/.git" or path == ".git":
                continue
            folder = next((folder for folder in inside if path.startswith(folder)), None)
            if folder is not None:
                inside[folder].append(path)
            elif path in listing.ignored:
                left.append(self._describe(path, found.files[path], "ignored"))
        return left + [self._describe_folder(folder, paths, "ignored") for folder, paths in inside.items()]

    def _describe(self, path: str, signature: Signature, why: Literal["ignored", "large"] = "large") -> LeftOut:
        if signature.is_link:
            return LeftOut(path, "ignored", signature.size)
        digest = self._digest(path, signature)
        if digest is None:
            return LeftOut(path, "unreadable", signature.size)
        return LeftOut(path, why, signature.size, digest)

    def _describe_folder(self, folder: str, paths: list[str], why: Literal["ignored", "large"]) -> LeftOut:
        files = self._view.scan.files
        digest = digest_listing({path.removeprefix(folder): self._digest(path, files[path]) for path in paths})
        return LeftOut(folder, why, sum(files[path].size for path in paths), digest, len(paths))

    def _digest(self, path: str, signature: Signature) -> str | None:
        """The digest of a file's content, of a link's target; None where it cannot be read."""
        known = self._known.digests.get(path)
        if known is None or known[0] != signature:
            whole = self._view.base / path
            if signature.size > self._limit:
                self._world.report.step("reading what is not kept", path)
            try:
                link = signature.is_link
                digest = blake3(os.fsencode(os.readlink(whole))).hexdigest() if link else read_content(whole).digest
            except Unread:
                return None
            known = (signature, digest)
        self.digests[path] = known
        return known[1]

    def _is_ignored(self, folder: str) -> bool:
        return any(folder.startswith(each) for each in self._view.listing.ignored if each[-1] == "/")

    def _make_base(self, entries: Mapping[str, Entry], tree: str) -> str | None:
        """The tree of the commit: the files as they are where they do not differ, what the commit has where they do."""
        listing = self._view.listing
        if listing.status is None or listing.status.commit is None:
            return None
        if not listing.changed and not listing.beside:
            return tree
        committed = {path: entry for path, entry in entries.items() if path in listing.tracked}
        for path in listing.changed:
            committed.pop(path, None)
        return self._store.write_tree({**committed, **self._fetch_committed()})

    def _fetch_committed(self) -> dict[str, Entry]:
        """What the commits have where the files differ, from the repositories into the store."""
        found: dict[str, Entry] = {}
        for folder in {folder for folder, _ in self._view.listing.changed.values()}:
            asked = {
                path: had
                for path, (where, had) in self._view.listing.changed.items()
                if where == folder and had is not None and had[0] in (FILE, PROGRAM, LINK)
            }
            git = make_git(self._world.environ, self._view.base / folder)
            contents = read_blobs([had[1] for had in asked.values()], git)
            there = {path: had for path, had in asked.items() if had[1] in contents}
            ids = self._store.keep_contents([contents[had[1]] for had in there.values()])
            found |= {path: Entry(had[0], oid) for (path, had), oid in zip(there.items(), ids, strict=True)}
        return found


def _mode(signature: Signature) -> str:
    if signature.is_link:
        return LINK
    return PROGRAM if signature.mode & 0o100 else FILE
