"""What rattler says when it fails, and what that means. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reenact.environments.credentials import redact
from reenact.errors import BuildError
from reenact.values import NamedTuple


class _Cause(NamedTuple):
    """What it means that rattler says ``pattern``; ``{0}`` is its first group, ``{what}`` what was being fetched."""

    pattern: str
    meaning: str
    hint: str | None = None


_FULL = _Cause(
    r"No space left|os error 28|[Qq]uota", "the disk is full", "make room and run again: nothing half-made is kept"
)
_SERVER = _Cause(r"HTTP status server error \((\d+[^)]*)\)", "a channel fails: {0}", "run again later")
_CUT = _Cause(r"error reading a body|error decoding response body", "a download ended in the middle", "run again")
_LONG = "the path of our home is too long for {0}, which has its own inside"
_SHORTER = "set REENACT_HOME to a shorter path"

READING = (
    _FULL,
    _Cause(r"could not parse|not a supported scheme", "a channel's address cannot be read"),
    _Cause(r"could not find subdir|\((?:404|410) |No such file", "{what} does not exist"),
    _Cause(r"\(40[13] |[Uu]nauthori[sz]ed|[Ff]orbidden", "{what} refuses us: credentials?"),
    _SERVER,
    _CUT,
    _Cause(
        r"failed to parse",
        "a channel's index is damaged",
        "see what the address gives: it may be another page, or half of it",
    ),
    _Cause(r"", "{what} cannot be reached"),
)
"""Why a channel cannot be read: the first that fits."""

LINKING = (
    _Cause(
        r"(?:hash|sha256|md5) mismatch",
        "a package is not the one that was locked (hash mismatch)",
        "the channel serves another file than when it was locked; resolve the environment again",
    ),
    _FULL,
    _Cause(r"(?i)checksum|invalid (?:gzip|zip|archive)|corrupt", "a package is damaged"),
    _Cause(
        r"No such file|\((?:404|410) ",
        "a package that was locked is not in its channel any more",
        "resolve the environment again",
    ),
    _SERVER,
    _CUT,
    _Cause(r"(?s)failed to link (\S+)\n.*target prefix cannot be longer", _LONG, _SHORTER),
    _Cause(r"target prefix cannot be longer", _LONG.replace("{0}", "{what}"), _SHORTER),
    _Cause(r"error sending request|tcp connect|timed out|dns error", "a channel cannot be reached"),
    _Cause(r"(.*)", "{0}"),
)
"""Why packages cannot be fetched or linked: the first that fits."""


def explain_solver(said: str, platform: str, as_of: str | None, shown: str) -> BuildError:
    """Why nothing answers; ``shown`` are the channels."""
    explanation = redact(said).removeprefix("Cannot solve the request because of: ").strip()
    found = re.findall(r"No candidates were found for (.+?)\.(?=\s|$)|─ (.+?), for which no candidates", explanation)
    missing = list(dict.fromkeys(first or second for first, second in found))
    where = f"for {platform}, in {shown}"
    dateless = re.findall(r"─ (.+?) is excluded because the package has no timestamp", explanation)
    later = re.findall(r"─ (.+?) is excluded because the package is uploaded after", explanation)
    if dateless and not missing:
        cause = f"the channel gives no upload dates for {', '.join(dateless)}, so that --as-of cannot be kept ({where})"
    elif later and not missing:
        cause = f"nothing that fits is from before {(as_of or '')[:10]}: {', '.join(later)} ({where})"
    elif missing:
        names = ", ".join(name.removesuffix(" *") for name in missing)
        cause = f"no channel has {names} ({where})"
    else:
        cause = f"the packages exclude one another ({where})"
    virtual = [name for name in missing if name.startswith("__")]
    hint = "see which versions there are: a pin may be too old for the channel, or the package be in another channel"
    if virtual:
        hint = "the machine lacks it; CONDA_OVERRIDE_CUDA=12.4 and the like pretend that it has it"
    elif (dateless or later) and not missing:
        hint = "give a later date to --as-of, or a channel that has older builds, with their dates"
    elif any(len(name.split()) > 2 for name in missing):
        hint = "a build string fits one platform only: leave it out, 'NAME=VERSION' is enough"
    quoted = "\n".join(f"  rattler: {line}" for line in explanation.splitlines())
    return BuildError(f"solving failed: {cause}\n{quoted}", hint=hint)


def explain_channel(said: str, channels: Sequence[str]) -> BuildError:
    """Why a channel, or a package that is asked for by its address, cannot be read; named as far as rattler does."""
    text = redact(said)
    what, named = "a channel", [name for name in channels if f"{name.rstrip('/')}/" in text] or channels
    if direct := re.search(r"direct url query failed for (\S+)", text):
        what, named = "a package", [direct[1]]
    cause, hint = _find_cause(text, READING, what)
    quoted = "\n".join(f"  rattler: {line}" for line in text.splitlines())
    return BuildError(
        f"solving failed: {cause} ({', '.join(named)})\n{quoted}",
        hint=hint or "check the address and the network, run again",
    )


def explain_link(said: str, doing: str) -> BuildError:
    """Why packages cannot be fetched or linked."""
    text = redact(said)
    cause, hint = _find_cause(text, LINKING, "a package")
    quoted = "\n".join(f"  rattler: {line}" for line in text.splitlines()[-20:])
    return BuildError(f"{doing} failed: {cause}\n{quoted}", hint=hint or "run again: nothing that was made is kept")


def _find_cause(text: str, causes: tuple[_Cause, ...], what: str) -> tuple[str, str | None]:
    """What it means that rattler says ``text``, and what helps."""
    cause, found = next((each, found) for each in causes if (found := re.search(each.pattern, text)))
    return cause.meaning.format(*found.groups(), what=what), cause.hint
