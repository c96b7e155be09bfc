"""What a version means among the references of a repository, by git's own rules (gitrevisions(7)). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reenact.errors import SourceError
from reenact.values import NamedTuple

FULL_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
SHORT_HASH = re.compile(r"[0-9a-f]{4,64}", re.IGNORECASE)
_DESCRIBED = re.compile(r".+-g(?P<hash>[0-9a-f]{4,64})", re.IGNORECASE)
_RULES = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")


class References(NamedTuple):
    """The references of a repository: object ids by full name, and the branch that HEAD stands for.

    ``oids`` has ``HEAD`` itself too, unless the repository is empty or its HEAD leads nowhere.
    """

    oids: Mapping[str, str]
    head: str | None = None

    @property
    def names(self) -> list[str]:
        """The short names of branches and tags."""
        return [name.split("/", 2)[2] for name in self.oids if name.startswith(("refs/heads/", "refs/tags/"))]


def parse_references(listing: str) -> References:
    """The references in what ``git ls-remote --symref`` prints."""
    oids, head = {}, None
    for line in listing.splitlines():
        value, _, name = line.partition("\t")
        if value.startswith("ref: ") and name == "HEAD":
            head = value.removeprefix("ref: ")
        elif name and not name.endswith("^{}"):
            oids[name] = value
    return References(oids, head)


def check_version(version: str) -> str:
    """``version`` itself.

    Raises:
        SourceError: it cannot be the name of anything, or could be taken for an option.
    """
    if not version.strip():
        raise SourceError("the version is empty", hint="leave it out for the default branch")
    if version.startswith("-") or any(ord(letter) < 32 or ord(letter) == 127 for letter in version):
        raise SourceError(f"Unable to checkout version {version!r}: this is no name of a branch, tag or commit")
    return version


def find_reference(references: References, name: str) -> str | None:
    """The full name of the reference that ``name`` is short for; ``origin/x`` is the branch ``x`` of a remote."""
    for rule in _RULES:
        if rule.format(name) in references.oids:
            return rule.format(name)
    branch = f"refs/heads/{name.removeprefix('origin/')}"
    return branch if name.startswith("origin/") and branch in references.oids else None


def find_rival(references: References, full_name: str, name: str) -> str | None:
    """The branch that loses against a tag of the same ``name``, as in git."""
    branch = f"refs/heads/{name}"
    return branch if full_name == f"refs/tags/{name}" and branch in references.oids else None


def split_revision(version: str) -> tuple[str, str]:
    """The name and the steps from it: ``main~2`` is ``("main", "~2")``."""
    found = re.search(r"[~^]|@\{", version)
    return (version[: found.start()], version[found.start() :]) if found else (version, "")


def find_hash(name: str) -> str | None:
    """The full or short hash that ``name`` is, also at the end of what ``git describe`` prints."""
    if SHORT_HASH.fullmatch(name):
        return name.lower()
    found = _DESCRIBED.fullmatch(name)
    return found["hash"].lower() if found else None


def split_tail(references: References, tail: str) -> tuple[str, str]:
    """A page's ``tail`` as (version, path): the longest reference that it starts with, else its first segment."""
    segments = tail.split("/")
    for count in range(len(segments), 0, -1):
        name = "/".join(segments[:count])
        if find_reference(references, name):
            return name, "/".join(segments[count:])
    if tail.startswith("refs/") and len(segments) > 2:
        return "/".join(segments[:3]), "/".join(segments[3:])
    return segments[0], "/".join(segments[1:])


def patterns(version: str | None, *, local: bool) -> list[str]:
    """What to ask ``git ls-remote`` for: branches, tags, and what else ``version`` may name."""
    asked = ["HEAD", "refs/heads/*", "refs/tags/*", *(["refs/remotes/*"] if local else [])]
    name = split_revision(version)[0] if version else ""
    if "/" in name and not re.search(r"[*?\[\\]", name):
        asked += [name if name.startswith("refs/") else f"refs/{name}"]
    return asked
