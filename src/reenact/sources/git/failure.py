"""Why git failed, in our words first and then in its own last lines. Pure."""

from __future__ import annotations

import re

from reenact.errors import SourceError
from reenact.process.tool import ToolResult
from reenact.sources.redact import redact
from reenact.values import NamedTuple

_LAST_LINES = 5
_PROGRESS = re.compile(
    r"(?:remote: )?[A-Z][\w ]+: +\d+% \(|(?:remote: )?(?:Enumerating|Counting|Total) .*\d"
    r"|From |   [0-9a-f]+\.\.| \* \[new|POST git-|hint: "
)


class DamagedError(SourceError):
    """Our own mirror is broken, or lacks what the server will not send piece by piece (``incomplete``)."""

    incomplete = False


class _Fault(NamedTuple):
    pattern: str
    cause: str
    hint: str | None = None


# In order: the first that fits is the cause, the rest are its consequences.
_FAULTS = (
    _Fault(
        "detected dubious ownership",
        "the repository belongs to another user",
        "'git config --global --add safe.directory PATH' trusts it",
    ),
    _Fault(
        "'origin' does not appear to be a git repository",  # the address goes to git by GIT_CONFIG_COUNT
        "this git is too old",
        "git 2.31 or newer is needed",
    ),
    _Fault("No space left on device|Disk quota exceeded", "the disk is full", "free some space and try again"),
    _Fault(
        "transport '.*' not allowed",
        "this protocol is not allowed",
        "allowed are https, http, ssh, git, and what GIT_ALLOW_PROTOCOL leaves of them",
    ),
    _Fault(
        "Host key verification failed",
        "the host's ssh key is not known",
        "connect to the host once with ssh and accept its key",
    ),
    _Fault(
        "Could not resolve host|Name or service not known|Temporary failure in name resolution|nodename nor servname"
        "|unable to look up",
        "the host is unknown",
        "check the spelling of the address and the network",
    ),
    _Fault(
        "could not read Username|could not read Password|terminal prompts disabled",
        "no access, or no such repository: the server asks for a login",
        "check the spelling; git must be able to log in without asking, by a credential helper or a token",
    ),
    _Fault(
        "Authentication failed|Permission denied|Access denied|access denied|returned error: 40[13]",
        "no access",
        "git must be able to log in without asking: set up a credential helper, a token, or an ssh agent",
    ),
    _Fault(
        "[Rr]epository .*not found|does not appear to be a git repository|returned error: 404|is this a git repository"
        "|not exported|no such repository|project you were looking for could not be found",
        "there is no such repository, or no access to it",
        "check the spelling of the address",
    ),
    _Fault(
        "SSL certificate problem|certificate verif|SSL_ERROR|gnutls_handshake",
        "the host's certificate was not accepted",
        "git's http.sslCAInfo or GIT_SSL_CAINFO names the authorities to trust",
    ),
    _Fault(
        "smudge filter lfs failed|batch response:",
        "a file of Git LFS could not be fetched",
        "GIT_LFS_SKIP_SMUDGE=1 leaves pointers instead",
    ),
    _Fault(
        "Connection refused|timed out|Failed to connect|Could not connect|[Uu]nable to connect|No route to host"
        "|unreachable|early EOF|unexpected disconnect|RPC failed|remote end hung up|Connection reset|Connection closed"
        "|returned error: 5\\d\\d|Empty reply",
        "the server cannot be reached, or it broke off",
        "check the network and try again",
    ),
    _Fault(
        "not our ref|unadvertised object|couldn't find remote ref|no such remote ref",
        "the server does not have that commit",
    ),
)


def refused_object(result: ToolResult) -> bool:
    """Whether the server refused to send an object for its id: it has none, or gives only branches and tags."""
    return re.search("not our ref|unadvertised object", result.errors) is not None


def make_error(doing: str, result: ToolResult, *, uses_mirror: bool = False) -> SourceError:
    """The error for a git that failed while ``doing`` ("fetch https://…"), with its cause in the first line.

    A :class:`DamagedError` if the cause is not known and git worked on a mirror that was there before.
    """
    said = redact("\n".join(_last_lines(result.errors)))
    told = f"\ngit said:\n{said}" if said else ""
    for fault in _FAULTS:
        if re.search(fault.pattern, result.errors):
            return SourceError(f"cannot {redact(doing)}: {fault.cause}{told}", hint=fault.hint)
    kind = DamagedError if uses_mirror else SourceError
    return kind(f"cannot {redact(doing)}: git ended with code {result.code}{told}")


def _last_lines(errors: str) -> list[str]:
    lines = [line.rstrip() for line in re.split("[\r\n]+", errors)]
    return [f"  {line}" for line in lines if line and not _PROGRESS.match(line)][-_LAST_LINES:]
