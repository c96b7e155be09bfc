"""Whether somebody has agreed to run code from elsewhere: running a project is executing whatever it holds.

What was agreed to is a repository with a content: the same tree from the same place. Other content of the same
repository is asked about again. What is agreed is kept in the home alone, a file for each, named by two digests and
believed only if it belongs to us and names the same two things inside. Nothing of a project is ever read for it:
no file of its own, and no variable that a file of variables sets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from reenact.codec import decode, encode
from reenact.files import make_folder, write_atomic
from reenact.home import Home
from reenact.plan import Snapshot, digest
from reenact.records.files import read_value
from reenact.run_folder import RunFolder
from reenact.sources.git.address import normalise
from reenact.sources.redact import strip_credentials
from reenact.values import NamedTuple
from reenact.world import World

VARIABLE = "REENACT_TRUST"
"""``1`` or ``all`` for everything, or the beginnings of addresses, with commas or blanks between."""

ALL = ("1", "all")

AGREED, BEFORE, OPTION, NOT_ASKED = "agreed", "agreed before", "--yes", "not asked: no terminal"
"""On what ground code from elsewhere was run; the fifth is :data:`VARIABLE`."""


class Subject(NamedTuple):
    """Code from elsewhere. ``repository`` is its address without credentials, ``content`` the digest of its files."""

    repository: str
    content: str
    commit: str | None = None

    @property
    def folder(self) -> str:
        """The name under which what was agreed of this repository is kept."""
        return digest(normalise(self.repository))

    @property
    def file(self) -> str:
        """The name of the agreement to this content."""
        return f"{digest(self.content)}.json"


class Agreement(NamedTuple):
    """What somebody said yes to, and when."""

    subject: Subject
    time: str


class Ground(NamedTuple):
    """Why a run of code from elsewhere went on: ``trust.json`` in its folder."""

    subject: Subject
    ground: str
    time: str


def find_subject(source: Snapshot, bundle: str | None = None) -> Subject | None:
    """What has to be agreed to; None for code of this machine.

    ``bundle`` is the digest of the file that a run was imported from: it holds the command as well as the code, so that
    the same tree is not the same content.
    """
    if bundle is not None:
        return Subject(f"a bundle of {source.uri}", bundle, source.commit)
    if source.kind == "git" and source.repository and not source.repository.startswith("/"):
        return Subject(source.repository, source.tree or source.commit or "", source.commit)
    if source.kind == "archive" and re.match(r"(?i)https?://", source.uri):
        return Subject(source.uri, source.tree or "")
    return None


def find_agreement(subject: Subject, home: Home) -> Agreement | None:
    """The agreement to exactly this."""
    found = _read(home, subject.folder, subject.file)
    same = found is not None and found.subject._replace(commit=None) == subject._replace(commit=None)
    return found if same else None


def find_last_agreement(subject: Subject, home: Home) -> Agreement | None:
    """The newest agreement to anything of the same repository."""
    folder = home.trust / subject.folder
    names = os.listdir(folder) if folder.is_dir() else []
    found = [each for name in names if (each := _read(home, subject.folder, name)) is not None]
    return max(found, key=lambda each: each.time, default=None)


def keep_agreement(subject: Subject, home: Home, time: str) -> None:
    """Remember that somebody has said yes.

    Raises:
        StorageError: the home cannot be written.
    """
    folder = make_folder(home.trust / subject.folder)
    write_atomic(folder / subject.file, encode(Agreement(subject, time)), mode=0o600)


def _read(home: Home, folder: str, file: str) -> Agreement | None:
    """The agreement in a file of ours that is in its right place; None for anything else."""
    path = home.trust / folder / file
    try:
        if path.lstat().st_uid != os.getuid():
            return None
        found = decode(Agreement, path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if (found.subject.folder, found.subject.file) == (folder, file) else None


def is_trusted(subject: Subject, environ: Mapping[str, str]) -> bool:
    """Whether the caller's :data:`VARIABLE` covers it."""
    words = re.split(r"[,\s]+", environ.get(VARIABLE, "").strip())
    return any(word.lower() in ALL or _covers(word, subject.repository) for word in words if word)


def _covers(beginning: str, repository: str) -> bool:
    """Whether an address lies below ``beginning``: whole parts of a path are compared, never half a name.

    A beginning without a scheme means https; one with a colon after the host is ssh's short form.
    """
    if ":" not in beginning:
        beginning = f"https://{beginning}"
    ours, theirs = normalise(strip_credentials(beginning)), normalise(strip_credentials(repository))
    is_whole = re.match(r"[^:/]+://[^/]", ours) or "://" not in f"{ours}//"
    if not is_whole or re.search(r"(^|[/:])\.{1,2}(/|$)|%2e|\\", theirs, re.IGNORECASE):
        return False
    marks = "/" if "://" in ours else "/:"
    return theirs == ours or (theirs.startswith(ours) and theirs[len(ours)] in marks)


def make_ground(subject: Subject, ground: str, world: World) -> Ground:
    """``ground`` at this moment."""
    return Ground(subject, ground, world.timestamp())


def record_ground(folder: RunFolder, ground: Ground) -> None:
    """Write on what ground the run goes on.

    Raises:
        StorageError: the folder cannot be written.
    """
    write_atomic(folder.trust, encode(ground))


def record_unasked(folder: RunFolder, source: Snapshot, world: World) -> None:
    """The same for a run that nobody was asked about: of a program, of a verb that has no terminal."""
    subject = find_subject(source)
    if subject is None or folder.trust.exists():
        return
    ground = BEFORE if find_agreement(subject, world.home) else NOT_ASKED
    if is_trusted(subject, world.environ):
        ground = VARIABLE
    record_ground(folder, make_ground(subject, ground, world))


def read_ground(folder: RunFolder) -> Ground | None:
    """On what ground the run went on; None for code of this machine.

    Raises:
        RecordError: the file is damaged.
    """
    return read_value(folder.trust, Ground)
