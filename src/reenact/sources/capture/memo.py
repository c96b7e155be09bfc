"""What was captured last at a place, and how to tell that it is still the same without starting git.

Two files for each place: a small one that answers whether anything has changed at all, and the ids and digests of all
files, by what stat(2) said of them, which spare reading what has not changed when something has.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from blake3 import blake3

from reenact.codec import encode
from reenact.files import find_kept, make_folder, write_atomic
from reenact.hints import Any
from reenact.json_text import parse_json
from reenact.records.types import Code
from reenact.sources.capture.scan import Scan, Signature
from reenact.sources.work_tree import Facts, find_common_dir, find_git_dir
from reenact.values import NamedTuple
from reenact.world import World

VERSION = 2

SETTLED = 100_000_000
"""Nanoseconds after which an unchanged time of change means unchanged content (as for git's racy entries): the kernel's
clock for files goes on every ten milliseconds at the slowest."""

SETTLED_COARSE = 2_000_000_000
"""The same where a file system tells no more than milliseconds, or seconds."""


class Known(NamedTuple):
    """What was captured of ``base``, and the digest of all that it depends on (:func:`make_fingerprint`)."""

    fingerprint: str
    base: str
    facts: Facts
    code: Code
    entered: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    version: int = VERSION


class Table(NamedTuple):
    """Ids of contents in the store, and digests of files that are not, each behind the signature it holds for."""

    blobs: Mapping[str, tuple[Signature, str]] = {}
    digests: Mapping[str, tuple[Signature, str]] = {}


class Memo(NamedTuple):
    """Where what is known of one place is kept."""

    known: Path
    table: Path

    def find_known(self) -> Known | None:
        """What was captured last; None where nothing was, or by another version."""
        found = find_kept(Known, self.known)
        return found if found and found.version == VERSION else None

    def find_table(self) -> Table:
        """The ids and digests that are known."""
        try:
            plain = parse_json(self.table.read_bytes())
            return Table(_parse(plain["blobs"]), _parse(plain["digests"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Table()

    def keep(self, known: Known, table: Table, scan: Scan, began: float) -> None:
        """Remember both; what changed a moment before ``began`` may change again and look the same, and is left out."""
        from json import dumps  # its writer, which is faster than ours, takes longer to import

        make_folder(self.known.parent)
        moment = int(began * 1e9)
        plain = {"blobs": _render(table.blobs, moment), "digests": _render(table.digests, moment)}
        write_atomic(self.table, dumps(plain, separators=(",", ":")).encode())
        if all(is_settled(each, moment) for each in scan.files.values()):
            write_atomic(self.known, encode(known))
        else:
            self.known.unlink(missing_ok=True)


def _render(entries: Mapping[str, tuple[Signature, str]], moment: int) -> dict[str, list[int | str]]:
    """What is settled, in the plainest form: there may be tens of thousands."""
    return {path: [*signature, name] for path, (signature, name) in entries.items() if is_settled(signature, moment)}


def _parse(plain: Mapping[str, list[Any]]) -> dict[str, tuple[Signature, str]]:
    return {path: (tuple.__new__(Signature, each[:-1]), str(each[-1])) for path, each in plain.items()}


def is_settled(signature: Signature, moment: int) -> bool:
    """Whether a file that has this signature at ``moment`` cannot change any more and keep it."""
    newest = max(signature.modified, signature.changed)
    return newest < moment - (SETTLED_COARSE if newest % 1_000_000 == 0 else SETTLED)


def find_memo(root: Path, world: World) -> Memo:
    """The memo of the place at ``root``, an absolute path without links."""
    name = blake3(os.fsencode(root)).hexdigest(32)
    folder = world.home.objects / "places"
    return Memo(folder / f"{name}.json", folder / f"{name}.files.json")


def make_fingerprint(scan: Scan, base: str, repositories: tuple[str, ...], world: World, *more: str) -> str:
    """One digest of everything that a capture depends on: files, repositories, settings of git, ``more``."""
    return scan.digest(base, *more, *_describe_settings(world), *_describe_repositories(base, repositories))


def _describe_repositories(base: str, repositories: tuple[str, ...]) -> Iterator[str]:
    """What of each repository decides which files belong to it and which commit they are of."""
    for name in repositories:
        git_dir = find_git_dir(Path(base, name))
        common = find_common_dir(Path(base, name))
        head = _read(git_dir / "HEAD")
        reference = head.removeprefix("ref: ").strip() if head.startswith("ref: ") else ""
        yield name
        yield head
        yield _read(common / reference) if reference and ".." not in reference else ""
        for path in (
            git_dir / "index",
            common / "packed-refs",
            common / "config",
            common / "info" / "exclude",
            common / "refs" / "tags",
        ):
            yield _describe(path)


def _describe_settings(world: World) -> Iterator[str]:
    home = world.environ.get("HOME", "")
    settings = world.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    for path in (f"{home}/.gitconfig", f"{settings}/git/config", f"{settings}/git/ignore"):
        yield _describe(Path(path))
    yield "\0".join(f"{name}={value}" for name, value in sorted(world.environ.items()) if name.startswith("GIT_"))


def _describe(path: Path) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return "-"
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
