"""What a container engine says when it fails, and what that means."""

from __future__ import annotations

import re
import shlex

from reenact.environments.credentials import redact
from reenact.errors import BuildError
from reenact.process.tool import ToolResult

LAST_LINES = 20

CAUSES = (
    (r"no space left on device|disk quota exceeded", "the disk is full"),
    (r"permission denied while trying to connect|dial unix.*permission denied", "this user may not talk to the engine"),
    (r"Cannot connect to the Docker daemon|connection refused.*docker\.sock", "the engine does not answer"),
    (r"unauthorized|authentication required|no basic auth|denied: requested access", "the registry wants credentials"),
    (r"toomanyrequests|rate limit", "the registry refuses more requests for now (rate limit)"),
    (
        r"no matching manifest for (\S+)|does not match the (?:specified|detected host) platform",
        "the image does not exist for this platform",
    ),
    (
        r"manifest unknown|unknown blob|blob unknown"
        r"|manifest for \S+ not found|repository does not exist|name unknown|not found: manifest"
        r"|HTTP 404",
        "the registry has no such image",
    ),
    (r"pull access denied", "the registry has no such image, or wants credentials"),
    (
        r"no such host|i/o timeout|connection refused|network is unreachable|TLS handshake|Client\.Timeout"
        r"|failure in name resolution|certificate",
        "the registry cannot be reached",
    ),
    (r"COPY failed: ([^\n]+)|failed to compute cache key: ([^\n]+)", "the Dockerfile copies a file that is not there"),
    (r"dockerfile parse error[^\n]*|Dockerfile parse error[^\n]*|unknown instruction: \S+", "the Dockerfile is wrong"),
    (r"target stage \S+ could not be found|failed to reach build target", "the Dockerfile has no such stage"),
    (
        r"returned a non-zero code: 137|exit (?:code:|status) 137",
        "a step of the Dockerfile was killed (was there enough memory?)",
    ),
    (r"returned a non-zero code: (\d+)|exit (?:code:|status) (\d+)", "a step of the Dockerfile failed"),
)
"""What engines say (a pattern) and what it means, most telling first."""


def make_failure(result: ToolResult, doing: str) -> BuildError:
    """The error for a client that failed: the cause first, its last lines, and how to repeat the step."""
    said = redact(f"{result.output}\n{result.errors}")
    lines = [line for line in said.splitlines() if line.strip()]
    last = "\n".join(f"  {line}" for line in lines[-LAST_LINES:])
    message = f"{doing} failed: {find_cause(said, result.code)}\n{last}".rstrip()
    return BuildError(message, hint=f"to repeat the step: {shlex.join(result.argv)}")


def find_cause(said: str, code: int) -> str:
    """Why an engine's client failed, in a few words."""
    if code < 0:
        return f"the engine's client was ended by signal {-code}"
    found = (meaning for pattern, meaning in CAUSES if re.search(pattern, said, re.IGNORECASE))
    return next(found, f"the engine's client ended with code {code}")
