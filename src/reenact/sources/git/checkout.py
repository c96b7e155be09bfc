"""A real checkout of one commit, for one run: its own index, references and configuration over the mirror's objects.

The files are written by a git that works on the mirror, so that whatever it has to fetch stays in the mirror. The
checkout itself knows the mirror only as an alternate store of objects (gitrepository-layout(5)), which git never writes
to: nothing that a project does in its checkout reaches the mirror.
"""

from __future__ import annotations

from pathlib import Path

from reenact.files import make_folder
from reenact.process.git import Git
from reenact.sources.git.failure import DamagedError, make_error, refused_object
from reenact.sources.git.mirror import Commit, Mirror
from reenact.values import NamedTuple

_LFS = (("filter.lfs.process", "git-lfs filter-process"), ("filter.lfs.smudge", "git-lfs smudge -- %f"))
_NO_LFS = (("filter.lfs.process", ""), ("filter.lfs.smudge", ""), ("filter.lfs.required", "false"))


class Entry(NamedTuple):
    """A line of the index: the object's mode and id, and the path from the checkout's root."""

    mode: str
    oid: str
    path: str

    @property
    def is_submodule(self) -> bool:
        """It stands for a commit of another repository."""
        return self.mode == "160000"


def make_checkout(mirror: Mirror, commit: Commit, code: Path, branch: str | None = None) -> list[Entry]:
    """Put ``commit`` at ``code``, on ``branch`` or detached; returns the index. Submodules stay empty folders.

    Raises:
        SourceError: the contents of files cannot be fetched, or the disk is full.
        DamagedError: the mirror is broken.
    """
    git_dir = code / ".git"
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
        make_folder(git_dir / name)
    _write_git_dir(mirror, commit, git_dir, branch)
    has_lfs = _finds_lfs(mirror.git)
    git = mirror.lazy.configured(*(_LFS if has_lfs else _NO_LFS))._replace(cwd=code)
    git = git.within(GIT_DIR=str(mirror.path), GIT_WORK_TREE=str(code), GIT_INDEX_FILE=str(git_dir / "index"))
    written = git.run("read-tree", "--reset", "-u", commit.oid)
    if not written.ok:
        problem = make_error(f"check out {commit.oid} of {mirror.address.shown}", written, uses_mirror=True)
        if refused_object(written):
            problem = DamagedError(problem.message, hint=problem.hint)
            problem.incomplete = True
        raise problem
    entries = _read_index(git)
    if not has_lfs:
        _warn_of_pointers(mirror, git, code, entries)
    return entries


def quote(value: str) -> str:
    """``value`` as git-config(1) reads it inside double quotes, with them."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _write_git_dir(mirror: Mirror, commit: Commit, git_dir: Path, branch: str | None) -> None:
    listing = mirror.git.run(
        f"--git-dir={mirror.path}", "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags"
    )
    if not listing.ok:
        raise make_error(f"read the mirror of {mirror.address.shown}", listing, uses_mirror=True)
    references = {}
    for line in listing.output.splitlines():
        oid, _, name = line.partition(" ")
        references[name.replace("refs/heads/", "refs/remotes/origin/", 1)] = oid
    if branch is not None:
        references[f"refs/heads/{branch}"] = references[f"refs/remotes/origin/{branch}"] = commit.oid
    packed = "".join(f"{oid} {name}\n" for name, oid in sorted(references.items()))
    (git_dir / "packed-refs").write_text(packed, encoding="utf-8", errors="surrogateescape")
    head = f"ref: refs/heads/{branch}" if branch is not None else commit.oid
    (git_dir / "HEAD").write_text(f"{head}\n", encoding="utf-8")
    (git_dir / "objects" / "info" / "alternates").write_text(f"{mirror.path / 'objects'}\n", encoding="utf-8")
    (git_dir / "config").write_text(_render_config(mirror, branch), encoding="utf-8")
    shallow = mirror.path / "shallow"
    if shallow.exists():
        (git_dir / "shallow").write_bytes(shallow.read_bytes())


def _render_config(mirror: Mirror, branch: str | None) -> str:
    """The mirror's own settings (what the file system can do) with a work tree and the remote without credentials."""
    lines = [
        (mirror.path / "config").read_text(encoding="utf-8").replace("bare = true", "bare = false").rstrip("\n"),
        '[remote "origin"]',
        f"\turl = {quote(mirror.address.shown)}",
        "\tfetch = +refs/heads/*:refs/remotes/origin/*",
    ]
    lines += [f"\t{name.rpartition('.')[2]} = {quote(value)}" for name, value in mirror.reach]
    if branch is not None:
        lines += [f"[branch {quote(branch)}]", "\tremote = origin", f"\tmerge = {quote(f'refs/heads/{branch}')}"]
    return "\n".join(lines) + "\n"


def _read_index(git: Git) -> list[Entry]:
    listing = git.run("ls-files", "--stage", "-z")
    if not listing.ok:
        raise make_error("read the index", listing, uses_mirror=True)
    entries = []
    for line in listing.output.split("\0")[:-1]:
        facts, _, path = line.partition("\t")
        mode, oid, _ = facts.split(" ")
        entries.append(Entry(mode, oid, path))
    return entries


def _finds_lfs(git: Git) -> bool:
    from shutil import which

    return which("git-lfs", path=git.environ.get("PATH")) is not None


def _warn_of_pointers(mirror: Mirror, git: Git, code: Path, entries: list[Entry]) -> None:
    attributes = [entry.path for entry in entries if entry.path.rpartition("/")[2] == ".gitattributes"]
    files = [code / path for path in attributes if (code / path).is_file()]
    if not any(b"filter=lfs" in file.read_bytes() for file in files):
        return
    listing = git.run("ls-files", "-z", "--", ":(attr:filter=lfs)")
    paths = [path for path in listing.output.split("\0") if path]
    if paths:
        shown = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
        mirror.report.warn(f"git-lfs is not installed: these are pointers instead of their contents: {shown}")
