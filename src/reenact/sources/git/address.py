"""Which repository: addresses that git understands, checked before git sees them. Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from reenact.errors import SourceError
from reenact.plan import digest
from reenact.sources.redact import strip_credentials
from reenact.values import NamedTuple

PROTOCOLS = ("https", "http", "ssh", "git")
"""What a repository elsewhere may be reached by; never ``ext::`` and its like, which run programs."""

_SCHEME = re.compile(r"(?:git\+)?(?P<scheme>[a-z][a-z0-9+.-]*)://", re.IGNORECASE)
# The short form of ssh, as git reads it: a colon before any slash. One letter before it is a drive, not a host.
_SHORT = re.compile(r"(?:git\+)?(?P<host>(?:[\w.~-]+@)?(?:[\w.-]{2,}|\[[0-9a-f:.]+\])):(?P<path>[^:].*)", re.IGNORECASE)
_PORTS = {"https": ":443", "http": ":80", "ssh": ":22", "git": ":9418"}


class Address(NamedTuple):
    """A repository. ``url`` is what git is told: no credentials, an absolute path where ``local``.

    ``user`` and ``password`` are what the address carried; git gets them through its credential protocol.
    ``base`` is what relative addresses of submodules are relative to.
    """

    url: str
    user: str = ""
    password: str = ""
    local: bool = False
    base: str = ""

    @property
    def shown(self) -> str:
        """The address for people and records."""
        return strip_credentials(self.url)

    @property
    def key(self) -> str:
        """Equal for spellings of the same address: letter case of the host, default port, ``.git``, a last slash."""
        return digest(normalise(self.url))


def is_remote(text: str) -> bool:
    """Whether ``text`` has the form of a repository that is reached by one of the protocols."""
    if found := _SCHEME.match(text):
        return _protocol(found["scheme"]) in PROTOCOLS
    return "::" not in text and _SHORT.fullmatch(text) is not None


def parse_address(text: str) -> Address:
    """The address that ``text`` is; pip's ``git+`` prefix is taken off.

    Raises:
        SourceError: the protocol is not allowed, or a part of the address could be taken for an option.
    """
    found = _SCHEME.match(text)
    if any(ord(letter) < 32 for letter in text) or not is_remote(text):
        raise SourceError(
            f"cannot fetch from '{strip_credentials(text)}': no address of an allowed kind",
            hint=f"allowed are {', '.join(PROTOCOLS)}, user@host:path, and paths on this machine",
        )
    if found is None:
        url = text.removeprefix("git+")
        return _checked(Address(url, base=url), host=url.rpartition("@")[2], path=url.partition(":")[2])
    try:
        parts = urlsplit(text[found.start("scheme") :])
    except ValueError as problem:
        raise SourceError(f"'{strip_credentials(text)}' is no address of a repository: {problem}") from problem
    if _protocol(parts.scheme) == "ssh":
        user = f"{parts.username}@" if parts.username else ""
        if user.startswith("-"):
            raise SourceError(f"the user in '{strip_credentials(text)}' could be taken for an option")
        url = f"ssh://{user}{parts.netloc.rpartition('@')[2]}{parts.path}"
        return _checked(Address(url, base=url), host=parts.netloc.rpartition("@")[2], path=parts.path)
    query = f"?{parts.query}" if parts.query else ""
    url = f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2]}{parts.path}{query}"
    address = Address(url, unquote(parts.username or ""), unquote(parts.password or ""), base=url)
    return _checked(address, host=parts.netloc.rpartition("@")[2], path=parts.path)


def make_local(path: str, base: str | None = None) -> Address:
    """The repository at the absolute ``path``; ``base`` is its own remote's address, if it has one."""
    return Address(path, local=True, base=base or path)


def resolve_relative(base: str, relative: str) -> str:
    """The address of a submodule that is given relative to its parent's, by the rules of gitmodules(5)."""
    stem, rest = base.rstrip("/"), relative
    while True:
        if rest.startswith("./"):
            rest = rest[2:]
        elif rest.startswith("../"):
            rest = rest[3:]
            cut = max(stem.rfind("/"), stem.rfind(":"))
            if cut <= stem.find("://") + 2:
                raise SourceError(f"the submodule address '{relative}' leads above '{strip_credentials(base)}'")
            stem, joint = stem[:cut], stem[cut]
            if joint == ":":
                return f"{stem}:{rest.rstrip('/')}"
        else:
            return f"{stem}/{rest.rstrip('/')}"


def _protocol(scheme: str) -> str:
    lower = scheme.lower()
    return "ssh" if lower in {"ssh+git", "git+ssh"} else lower


def _checked(address: Address, *, host: str, path: str) -> Address:
    if any(ord(letter) < 32 for letter in address.user + address.password):
        raise SourceError(f"the credentials in the address of {address.shown} hold a control character")
    if not host or host.startswith("-") or not path.strip("/") or path.startswith("-"):
        raise SourceError(
            f"'{address.shown}' is no address of a repository", hint="write it like https://host/owner/name"
        )
    return address


def normalise(url: str) -> str:
    """Equal for spellings of the same address."""
    stem = url.rstrip("/").removesuffix(".git").rstrip("/")
    head, mark, rest = stem.partition("://")
    if not mark:
        return stem
    host, slash, path = rest.partition("/")
    return f"{head.lower()}://{host.lower().removesuffix(_PORTS.get(head.lower(), '-'))}{slash}{path}"
