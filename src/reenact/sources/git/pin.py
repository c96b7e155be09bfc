"""Which commit exactly: what was asked for, by the mirror alone where it can be, else by the server's list."""

from __future__ import annotations

from reenact.errors import SourceError
from reenact.project.nearest import did_you_mean
from reenact.sources.git.address import Address
from reenact.sources.git.failure import DamagedError
from reenact.sources.git.mirror import Commit, Mirror, fetch_single, find_commit, list_references, update
from reenact.sources.git.revision import (
    FULL_HASH,
    References,
    check_version,
    find_hash,
    find_reference,
    find_rival,
    split_revision,
    split_tail,
)
from reenact.sources.page import Page, folder_of
from reenact.values import NamedTuple

_SURE_LENGTH = 7
"""Digits of a short hash that are enough to believe the mirror without asking the server."""


class Request(NamedTuple):
    """A repository, and what of it: a version, or a web page whose ``tail`` is not told apart yet."""

    address: Address
    version: str | None = None
    subdirectory: str = ""
    page: Page | None = None


class Pin(NamedTuple):
    """What a request came to: the commit, the name it was asked by, the branch if that is one, the folder inside."""

    commit: Commit
    version: str | None
    branch: str | None
    subdirectory: str


def get_pin(mirror: Mirror, request: Request) -> Pin:
    """Pin ``request``; the mirror has the commit then. No network where it is a hash that the mirror has.

    Raises:
        SourceError: there is no such version, or the server cannot be asked.
        DamagedError: the mirror is broken.
    """
    if request.version is not None and (commit := _find_pinned(mirror, request.version)) is not None:
        return Pin(commit, request.version, None, request.subdirectory)
    version, subdirectory = request.version, request.subdirectory
    references = list_references(mirror, version)
    if request.page is not None:
        version, path = split_tail(references, request.page.tail)
        subdirectory = "/".join(part for part in (folder_of(request.page, path), subdirectory) if part)
        check_version(version)
    full_name, steps = _resolve(mirror, references, version)
    if full_name is None:
        return Pin(_get_hash(mirror, references, version or ""), version, None, subdirectory)
    commit = _get_commit(mirror, references, full_name, steps)
    is_branch = full_name.startswith("refs/heads/") and not steps
    return Pin(commit, version, full_name.removeprefix("refs/heads/") if is_branch else None, subdirectory)


def _find_pinned(mirror: Mirror, version: str) -> Commit | None:
    """The commit, where ``version`` is a hash that can mean only one thing and the mirror has it."""
    name, _ = split_revision(version)
    if FULL_HASH.fullmatch(name):
        return find_commit(mirror, version.lower())
    if find_hash(name) != name.lower() or len(name) < _SURE_LENGTH:
        return None
    if any(find_commit(mirror, f"refs/{space}/{name}") for space in ("heads", "tags")):
        return None
    return find_commit(mirror, version)


def _resolve(mirror: Mirror, references: References, version: str | None) -> tuple[str | None, str]:
    """The reference that ``version`` starts from, None where it is a hash, and the steps from it."""
    if not references.oids:
        raise SourceError(f"the repository {mirror.address.shown} is empty")
    name, steps = split_revision(version or "HEAD")
    name = "HEAD" if name in {"", "@"} else name
    if FULL_HASH.fullmatch(name):
        return None, steps
    full_name = find_reference(references, name)
    if full_name is None and find_hash(name):
        return None, steps
    if full_name is None:
        raise _unknown(mirror, references, version)
    if find_rival(references, full_name, name):
        mirror.report.note(
            f"'{name}' is a tag and a branch of {mirror.address.shown}: the tag is used, as git does; "
            f"'refs/heads/{name}' is the branch"
        )
    if full_name == "HEAD" and references.head in references.oids:
        full_name = references.head
    return full_name, steps


def _get_commit(mirror: Mirror, references: References, full_name: str, steps: str) -> Commit:
    oid = references.oids[full_name]
    if (commit := find_commit(mirror, oid + steps)) is not None:
        return commit
    update(mirror, wanted=oid + steps, oid_length=len(oid))
    if find_commit(mirror, oid) is None and not (fetch_single(mirror, full_name) and find_commit(mirror, oid)):
        # Neither a branch nor a tag leads there, or it moved between the question and the answer.
        fetch_single(mirror, oid)
    if (commit := find_commit(mirror, oid + steps)) is not None:
        return commit
    if find_commit(mirror, oid) is None:
        raise DamagedError(f"the copy of {mirror.address.shown} has no commit for '{full_name}'")
    raise _unknown(mirror, references, full_name + steps)


def _get_hash(mirror: Mirror, references: References, version: str) -> Commit:
    name, steps = split_revision(version)
    oid = find_hash(name) or name
    update(mirror, wanted=oid, oid_length=len(next(iter(references.oids.values()))))
    if (commit := find_commit(mirror, oid + steps)) is not None:
        return commit
    if FULL_HASH.fullmatch(oid) and fetch_single(mirror, oid) and (commit := find_commit(mirror, oid + steps)):
        return commit
    raise _unknown(mirror, references, version)


def _unknown(mirror: Mirror, references: References, version: str | None) -> SourceError:
    shown, names = mirror.address.shown, references.names
    known = f"it has {', '.join(names[:8])}{', …' if len(names) > 8 else ''}" if names else None
    if version is None:
        return SourceError(f"the default branch of {shown} does not exist", hint=f"name a version: {known}")
    hint = did_you_mean(version, names) or known
    return SourceError(
        f"Unable to checkout version '{version}' of {shown}: no branch, tag or commit is called so", hint=hint
    )
