"""What rattler says when it fails, and what that means. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reenact.environments.credentials import redact
from reenact.errors import BuildError

_FULL = re.compile(r"No space left|os error 28|[Qq]uota")
_FULL_DISK = ("the disk is full", "make room and run again: nothing half-made is kept")
_SERVER = re.compile(r"HTTP status server error \((\d+[^)]*)\)")
_CUT = re.compile(r"error reading a body|error decoding response body")


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
    hint = "check the address and the network, run again"
    if _FULL.search(text):
        cause, hint = _FULL_DISK
    elif re.search(r"could not parse|not a supported scheme", text):
        cause = "a channel's address cannot be read"
    elif re.search(r"could not find subdir|\((404|410) |No such file", text):
        cause = f"{what} does not exist"
    elif re.search(r"\(40[13] |[Uu]nauthori[sz]ed|[Ff]orbidden", text):
        cause = f"{what} refuses us: credentials?"
    elif found := _SERVER.search(text):
        cause, hint = f"a channel fails: {found[1]}", "run again later"
    elif _CUT.search(text):
        cause, hint = "a download ended in the middle", "run again"
    elif "failed to parse" in text:
        cause, hint = (
            "a channel's index is damaged",
            "see what the address gives: it may be another page, or half of it",
        )
    else:
        cause = f"{what} cannot be reached"
    quoted = "\n".join(f"  rattler: {line}" for line in text.splitlines())
    return BuildError(f"solving failed: {cause} ({', '.join(named)})\n{quoted}", hint=hint)


def explain_link(said: str, doing: str) -> BuildError:
    """Why packages cannot be fetched or linked."""
    text = redact(said)
    hint = "run again: nothing that was made is kept"
    if re.search(r"(hash|sha256|md5) mismatch", text):
        cause = "a package is not the one that was locked (hash mismatch)"
        hint = "the channel serves another file than when it was locked; resolve the environment again"
    elif _FULL.search(text):
        cause, hint = _FULL_DISK
    elif re.search(r"checksum|invalid (gzip|zip|archive)|corrupt", text, re.IGNORECASE):
        cause = "a package is damaged"
    elif re.search(r"No such file|\((404|410) ", text):
        cause = "a package that was locked is not in its channel any more"
        hint = "resolve the environment again"
    elif found := _SERVER.search(text):
        cause = f"a channel fails: {found[1]}"
    elif _CUT.search(text):
        cause = "a download ended in the middle"
    elif "target prefix cannot be longer" in text:
        package = re.search(r"failed to link (\S+)\n", text)
        cause = (
            f"the path of our home is too long for {package[1] if package else 'a package'}, which has its own inside"
        )
        hint = "set REENACT_HOME to a shorter path"
    elif re.search(r"error sending request|tcp connect|timed out|dns error", text):
        cause = "a channel cannot be reached"
    else:
        cause = text.partition("\n")[0]
    quoted = "\n".join(f"  rattler: {line}" for line in text.splitlines()[-20:])
    return BuildError(f"{doing} failed: {cause}\n{quoted}", hint=hint)
