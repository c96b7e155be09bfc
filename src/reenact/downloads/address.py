"""Addresses as they may be shown."""

from __future__ import annotations


def render_address(uri: str) -> str:
    """``uri`` without user name, password, query and fragment, any of which may be a credential."""
    scheme, colon, rest = uri.partition(":")
    rest = rest.partition("#")[0]
    rest, question, _ = rest.partition("?")
    slashes = "//" if rest.startswith("//") else ""
    authority, slash, path = rest.removeprefix("//").partition("/")
    if slashes:
        authority = authority.rpartition("@")[2]
    return scheme + colon + slashes + authority + slash + path + ("?..." if question else "")


def render_size(size: int) -> str:
    """Bytes as people read them: ``12.3 MB``, in powers of 1000."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
