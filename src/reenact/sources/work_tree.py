"""What git says of a directory that is used in place. Reads only: no lock is taken, no index is refreshed."""

import os
from pathlib import Path

from reenact.errors import SourceError
from reenact.hints import TYPE_CHECKING
from reenact.values import NamedTuple
from reenact.world import World

if TYPE_CHECKING:
    from reenact.sources.git.status import Status


class Facts(NamedTuple):
    """The commit, branch and state of a work tree, its repository's address, and where the directory lies in it."""

    commit: str | None = None
    branch: str | None = None
    dirty: bool | None = None
    repository: str | None = None
    prefix: str = ""


def find_work_tree(path: Path) -> Path | None:
    """The nearest folder at or above ``path`` that has a ``.git``."""
    text = str(path)
    while not os.path.exists(f"{text}/.git"):
        parent = os.path.dirname(text)
        if parent == text:
            return None
        text = parent
    return Path(text)


def read_facts(path: Path, world: World) -> Facts:
    """The facts of the work tree that holds ``path``; empty where there is none, or where git will not tell.

    Starts git once, and not at all outside of a work tree. Any file that git does not know and does not ignore makes
    the tree dirty, anywhere in the repository.
    """
    real = Path(os.path.realpath(path))
    top = find_work_tree(real)
    if top is None:
        return Facts()
    status = read_status(top, world)
    return Facts() if status is None else make_facts(status, top, real)


def read_status(top: Path, world: World) -> "Status | None":
    """What git says of the work tree at ``top``; None, and a warning, where it will not tell."""
    from reenact.process.git import make_git
    from reenact.sources.git.status import COMMAND, parse_status

    try:
        result = make_git(world.environ, top).run(*COMMAND)
    except SourceError as problem:
        world.report.note(f"{problem.message}: the commit of {top} is not recorded")
        return None
    if not result.ok:
        from reenact.sources.git.failure import make_error

        cause = make_error(f"read the commit of {top}", result)
        world.report.warn(cause.message.partition("\n")[0] + (f" ({cause.hint})" if cause.hint else ""))
        return None
    return parse_status(result.data)


def make_facts(status: "Status", top: Path, real: Path) -> Facts:
    """The facts of ``real``, a path below ``top`` without links."""
    prefix = real.relative_to(top).as_posix()
    return Facts(
        commit=status.commit,
        branch=status.branch,
        dirty=status.dirty,
        repository=_clean(read_origin(top)),
        prefix="" if prefix == "." else prefix,
    )


def read_origin(top: Path) -> str | None:
    """The address of ``origin``, or of the first remote, in the configuration of the work tree at ``top``."""
    try:
        text = (find_common_dir(top) / "config").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    addresses = _read_remotes(text)
    return addresses.get("origin", next(iter(addresses.values()), None))


def find_git_dir(top: Path) -> Path:
    """Where the repository at ``top``, which may be bare, has what is its own: HEAD and the index.

    A linked work tree and a submodule have a file that leads there (gitrepository-layout(5)).
    """
    git_dir = top / ".git"
    if git_dir.is_file():
        target = git_dir.read_text(encoding="utf-8", errors="surrogateescape").removeprefix("gitdir:").strip()
        return top / target
    return git_dir if git_dir.exists() else top


def find_common_dir(top: Path) -> Path:
    """Where the repository at ``top`` has what it shares with its linked work trees: configuration and references."""
    git_dir = find_git_dir(top)
    common = git_dir / "commondir"
    return git_dir / common.read_text(encoding="utf-8").strip() if common.is_file() else git_dir


def _read_remotes(config: str) -> dict[str, str]:
    """The addresses of the remotes by name, as git-config(1) writes them."""
    addresses: dict[str, str] = {}
    remote = ""
    for line in map(str.strip, config.splitlines()):
        if line.startswith("["):
            remote = line[len('[remote "') :].partition('"]')[0] if line.startswith('[remote "') else ""
        name, mark, value = line.partition("=")
        if remote and mark and name.strip().lower() == "url":
            addresses.setdefault(remote, value.strip().strip('"'))
    return addresses


def _clean(address: str | None) -> str | None:
    if address is None:
        return None
    from reenact.sources.redact import strip_credentials

    return strip_credentials(address)
