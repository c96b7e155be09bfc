"""One bare mirror a repository, in the home: made aside and renamed, fetched under a lock, never collected.

A mirror holds every branch and tag with its whole history. Where the server allows it the contents of files are left
out (a partial clone) and come with the commit that is checked out, in one batch. The mirror's own configuration
names no remote: who may fetch says so for each call, so that a look into the mirror never reaches for the network.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reenact.errors import SourceError
from reenact.files import is_held, lock, make_folder
from reenact.process.git import Git, make_git, without_questions
from reenact.process.tool import ToolResult
from reenact.report import Report
from reenact.sources.git.address import Address
from reenact.sources.git.failure import make_error, refused_object
from reenact.sources.git.revision import References, parse_references, patterns
from reenact.sources.work_tree import find_common_dir
from reenact.values import NamedTuple
from reenact.world import World

_BRANCHES_AND_TAGS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_PROMISOR = (("remote.origin.promisor", "true"), ("remote.origin.partialclonefilter", "blob:none"))
# A repository on this machine serves us as a well-configured server would, without a word in its own configuration.
_UPLOAD_PACK = "git -c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack"
_CREDENTIAL_HELPER = (
    '!f() { test "$1" = get || exit 0;'
    ' printf "username=%s\\npassword=%s\\n" "$REENACT_GIT_USER" "$REENACT_GIT_PASSWORD"; }; f'
)
_WHOLE = "reenact-whole"


class Commit(NamedTuple):
    """A commit and its tree, as object ids."""

    oid: str
    tree: str


class Mirror(NamedTuple):
    """The mirror of a repository, there or not; ``git`` knows the repository's address and works on the mirror.

    ``whole`` says that the repository is on this machine and shallow, so that :func:`_may_filter` would say no.
    """

    path: Path
    address: Address
    git: Git
    report: Report
    whole: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the mirror on disk was made with the contents of all files."""
        return (self.path / _WHOLE).exists()

    @property
    def reach(self) -> tuple[tuple[str, str], ...]:
        """The settings of the remote that let git fetch what is missing when it is needed."""
        local = (("remote.origin.uploadpack", _UPLOAD_PACK),) if self.address.local else ()
        return local if self.whole or self.is_whole else (*local, *_PROMISOR)

    @property
    def lazy(self) -> Git:
        """git that fetches the contents of files which the mirror does not have yet."""
        return self.git.configured(*self.reach)


def open_mirror(address: Address, world: World) -> Mirror:
    """The mirror of the repository at ``address``. Makes nothing and asks nobody."""
    path = world.home.repositories / f"{address.key}.git"
    git = make_git(world.environ).configured(("remote.origin.url", address.url), *_access(address))
    if address.user or address.password:
        git = git.within(REENACT_GIT_USER=address.user, REENACT_GIT_PASSWORD=address.password)
    if not address.local and not address.url.startswith(("http://", "https://", "git://")):
        git = without_questions(git)
    whole = address.local and (find_common_dir(Path(address.url)) / "shallow").exists()
    return Mirror(path, address, git, world.report, whole)


def find_commit(mirror: Mirror, revision: str) -> Commit | None:
    """The commit that the mirror has for ``revision``. Never asks the server.

    Raises:
        SourceError: a short hash fits several commits.
    """
    if not mirror.path.is_dir():
        return None
    asked = f"{revision}^{{commit}}\n{revision}^{{tree}}\n".encode()
    check = "--batch-check=%(objectname) %(objecttype)"
    result = mirror.git.run(f"--git-dir={mirror.path}", "cat-file", check, stdin=asked)
    found = [line.split(" ") for line in result.output.splitlines()]
    if any(line[-1] == "ambiguous" for line in found):
        raise SourceError(
            f"Unable to checkout version '{revision}' of {mirror.address.shown}: several commits begin like this",
            hint="give more digits of the hash",
        )
    if result.ok and [line[-1] for line in found] == ["commit", "tree"]:
        return Commit(found[0][0], found[1][0])
    return None


def list_references(mirror: Mirror, version: str | None) -> References:
    """The server's branches, tags and HEAD, and what else ``version`` may name.

    Raises:
        SourceError: the server cannot be asked.
    """
    mirror.report.step("fetching", mirror.address.shown)
    asked = patterns(version, local=mirror.address.local)
    result = mirror.git.run("ls-remote", "--symref", "origin", *asked)
    if not result.ok:
        raise make_error(f"fetch {mirror.address.shown}", result)
    return parse_references(result.output)


def update(mirror: Mirror, *, wanted: str, oid_length: int = 40) -> None:
    """Bring every branch and tag, unless another process has brought ``wanted`` while this one waited.

    Raises:
        SourceError: the server cannot be asked, or refuses.
        DamagedError: the mirror is broken.
    """
    with _locked(mirror) as held:
        if find_commit(mirror, wanted) is not None:
            return
        if not _is_complete(mirror.path) or (mirror.whole and not mirror.is_whole):
            _build(mirror, held, partial=True, oid_length=oid_length)
            return
        _remove_stale(mirror.path)
        result = _run_fetch(mirror, held, *_BRANCHES_AND_TAGS)
        if not result.ok:
            raise make_error(f"fetch {mirror.address.shown}", result, uses_mirror=True)


def fetch_single(mirror: Mirror, name: str) -> bool:
    """Bring what the server has under ``name``, a full reference or an object id; False if it refuses an id.

    Raises:
        SourceError: the server cannot be asked.
    """
    kept = "commits/" + name if "/" not in name and name != "HEAD" else name.removeprefix("refs/")
    with _locked(mirror) as held:
        _remove_stale(mirror.path)
        result = _run_fetch(mirror, held, f"+{name}:refs/reenact/{kept}")
    if not result.ok and not refused_object(result):
        raise make_error(f"fetch {mirror.address.shown}", result, uses_mirror=True)
    return result.ok


def rebuild(mirror: Mirror, *, partial: bool) -> None:
    """Make the mirror anew; ``partial`` is False where the server will not send the contents of files one by one."""
    with _locked(mirror) as held:
        _build(mirror, held, partial=partial, oid_length=_oid_length(mirror.path))


@contextmanager
def _locked(mirror: Mirror) -> Iterator[int]:
    path = mirror.path.with_suffix(".lock")
    if is_held(path):
        mirror.report.step("waiting", f"another process fetches {mirror.address.shown}")
    with lock(path) as held:
        yield held


def _build(mirror: Mirror, held: int, *, partial: bool, oid_length: int) -> None:
    from shutil import rmtree

    folder, stem = make_folder(mirror.path.parent), f".{mirror.path.name}."
    # Only the holder of the lock builds, so whatever else is there was left by a build that was killed.
    for leftover in folder.glob(f"{stem}*"):
        rmtree(leftover, ignore_errors=True)
    aside, old = folder / f"{stem}new", folder / f"{stem}old"
    try:
        _fill(mirror, held, aside, partial=partial, oid_length=oid_length)
        if mirror.path.exists():
            mirror.path.rename(old)
        aside.rename(mirror.path)
    finally:
        rmtree(aside, ignore_errors=True)
        rmtree(old, ignore_errors=True)


def _fill(mirror: Mirror, held: int, aside: Path, *, partial: bool, oid_length: int) -> None:
    formats = ("--object-format=sha256",) if oid_length == 64 else ()
    made = mirror.git.run("init", "--quiet", "--bare", "--template=", *formats, "--", str(aside))
    if not made.ok:
        raise make_error(f"make the mirror {aside}", made)
    if not partial or not _may_filter(mirror):
        (aside / _WHOLE).touch()
    result = _run_fetch(mirror._replace(path=aside), held, *_BRANCHES_AND_TAGS)
    if not result.ok:
        raise make_error(f"fetch {mirror.address.shown}", result)


def _may_filter(mirror: Mirror) -> bool:
    """Whether the contents of files may be left out: the server says that it can, and has every commit itself.

    A git that fetches partially without that starts itself again and again for the commits that are missing, without
    an end (seen in 2.39 with shallow repositories and with servers of plain files). Only the first version of the
    protocol tells both before anything is fetched (gitprotocol-pack(5)).
    """
    if mirror.address.local:
        return not mirror.whole
    git = mirror.git.configured(("protocol.version", "0")).within(GIT_TRACE_PACKET="1")
    packets = re.findall(r"packet: +\S+< (.*)", git.run("ls-remote", "origin", "HEAD").errors)
    capabilities = " ".join(packet.partition("\\0")[2] for packet in packets).split()
    return "filter" in capabilities and not any(packet.startswith("shallow ") for packet in packets)


def _run_fetch(mirror: Mirror, held: int, *refspecs: str) -> ToolResult:
    shown = mirror.address.shown

    def tell(line: str) -> None:
        progress = next((part for part in reversed(line.split("\r")) if "%" in part), "")
        mirror.report.step("fetching", f"{shown}: {progress.strip()}" if progress else shown)

    # A branch "a" that gave way to "a/b" must go first. What was fetched singly is not the server's to name.
    prune = ("--prune",) if refspecs == _BRANCHES_AND_TAGS else ()
    # The lock goes to git as well: should this process be killed, nobody touches the mirror before git is gone too.
    return mirror.lazy.run(
        f"--git-dir={mirror.path}",
        "fetch",
        "--progress",
        "--no-tags",
        "--no-write-fetch-head",
        "--update-shallow",
        *prune,
        "origin",
        *refspecs,
        on_line=tell,
        keep_open=(held,),
    )


def _is_complete(path: Path) -> bool:
    return all((path / name).exists() for name in ("HEAD", "config", "objects", "refs"))


def _oid_length(path: Path) -> int:
    try:
        return 64 if "sha256" in (path / "config").read_text() else 40
    except (OSError, UnicodeDecodeError):
        return 40


def _remove_stale(path: Path) -> None:
    """Take away what a git that was killed left; the caller holds the lock, so nothing of it is in use."""
    for folder, names, files in os.walk(path):
        if folder == str(path):
            names[:] = [name for name in names if name not in {"objects", "lfs"}]
        for name in files:
            if name.endswith(".lock"):
                Path(folder, name).unlink(missing_ok=True)
    for part in (path / "objects" / "pack").glob("tmp_*"):
        part.unlink(missing_ok=True)


def _access(address: Address) -> Sequence[tuple[str, str]]:
    if address.local:
        return ()
    scope = "/".join(address.url.split("/")[:3])
    if address.password:
        # The empty helper takes the others out: what the address says goes, and is never stored by one of them.
        return ((f"credential.{scope}.helper", ""), (f"credential.{scope}.helper", _CREDENTIAL_HELPER))
    return ((f"credential.{scope}.username", address.user),) if address.user else ()
