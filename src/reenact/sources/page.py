"""What a pasted web page of a git host means. Pure.

The forms are those of GitHub, GitLab, Bitbucket, and Gitea or Forgejo, recognised by their path on any host. A branch
may have slashes in its name, so ``tree/feature/x/sub`` cannot be split by its text: ``tail`` keeps it whole until the
list of branches and tags is known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qs, unquote, urlsplit

from reenact.values import NamedTuple

_HASH = re.compile(r"[0-9a-f]{7,64}", re.IGNORECASE)
_FULL_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
_TREES = {"tree", "blob", "raw", "blame", "edit"}
_REQUESTS = {
    "pull": "refs/pull/{}/head",
    "pulls": "refs/pull/{}/head",
    "merge_requests": "refs/merge-requests/{}/head",
    "pull-requests": "refs/pull-requests/{}/from",
}
_TWO_LEVELS = {"github.com", "bitbucket.org", "codeberg.org", "gitea.com"}
"""Hosts where a repository is always ``owner/name``, so that an owner may be called ``tree``."""


class Page(NamedTuple):
    """A repository and what the page shows of it.

    Either ``version`` and ``subdirectory`` are known, or ``tail`` is a reference followed by a path, still to be told
    apart. ``is_file`` says that the path leads to a file, whose folder is meant.
    """

    repository: str
    version: str | None = None
    subdirectory: str = ""
    tail: str = ""
    is_file: bool = False


def parse_page(url: str) -> Page | None:
    """The page that ``url`` (http or https, without its fragment) is, or None if it is a repository's own address."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no host has such a name
        return None
    segments = [unquote(segment) for segment in parts.path.split("/") if segment]
    if parts.scheme.lower() not in {"http", "https"} or not segments or segments[-1].endswith(".git"):
        return None
    first = 2 if (parts.hostname or "") in _TWO_LEVELS else 1
    for index in range(first, len(segments) - 1):
        action = segments[index]
        if action == "-":
            continue
        shown = _read_action(action, segments[index + 1 :], bitbucket=parts.hostname == "bitbucket.org")
        if shown is not None:
            owner = segments[:index] if segments[index - 1] != "-" else segments[: index - 1]
            kind = parse_qs(parts.query).get("ref_type", [""])[0]
            tail = f"refs/{kind}/{shown.tail}" if shown.tail and kind in {"heads", "tags"} else shown.tail
            raw_path = "/".join([s for s in parts.path.split("/") if s][: len(owner)])
            return shown._replace(repository=f"{parts.scheme}://{parts.netloc}/{raw_path}", tail=tail)
    return None


def folder_of(page: Page, path: str) -> str:
    """The folder that ``path`` of the page means: itself, or its parent where it is a file."""
    return path.rpartition("/")[0] if page.is_file else path


def _read_action(action: str, rest: Sequence[str], *, bitbucket: bool) -> Page | None:
    if action in _TREES:
        if action == "raw" and rest[0] in {"branch", "tag", "commit"}:
            return _read_source(rest, is_file=True)
        return _at(rest, is_file=action != "tree")
    if action in _REQUESTS and rest[0].isdecimal():
        if len(rest) > 2 and rest[1] == "commits" and _HASH.fullmatch(rest[2]):
            return Page("", version=rest[2])
        return Page("", version=_REQUESTS[action].format(rest[0]))
    if action in {"commit", "commits"}:
        return Page("", version=rest[0]) if _HASH.fullmatch(rest[0]) else None
    if action == "releases" and rest[0] == "tag" and len(rest) > 1:
        return Page("", version="refs/tags/" + "/".join(rest[1:]))
    if action == "src":
        return _at(rest) if bitbucket else _read_source(rest)
    if action == "branch" and bitbucket:
        return Page("", version="refs/heads/" + "/".join(rest))
    return None


def _read_source(rest: Sequence[str], *, is_file: bool = False) -> Page | None:
    """Gitea's ``src/branch/<ref>/<sub>``, ``src/tag/…``, ``src/commit/…``; it does not tell files from folders."""
    spaces = {"branch": "refs/heads/", "tag": "refs/tags/"}
    if len(rest) < 2:
        return None
    if rest[0] == "commit":
        return _at(rest[1:], is_file=is_file)
    if rest[0] in spaces:
        return Page("", tail=spaces[rest[0]] + "/".join(rest[1:]), is_file=is_file)
    return None


def _at(rest: Sequence[str], *, is_file: bool = False) -> Page:
    if _FULL_HASH.fullmatch(rest[0]):
        page = Page("", version=rest[0], is_file=is_file)
        return page._replace(subdirectory=folder_of(page, "/".join(rest[1:])))
    return Page("", tail="/".join(rest), is_file=is_file)
