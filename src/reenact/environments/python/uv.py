"""uv, started: its variables, its progress, and what it means when it fails."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

from reenact.environments.credentials import redact
from reenact.environments.names import normal_name
from reenact.environments.settings import uv_variables
from reenact.errors import BuildError
from reenact.process.tool import ToolResult, run_tool
from reenact.world import World

TORCH = "UV_TORCH_BACKEND"
UNSET = (
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PYTHONPATH",
    "PYTHONHOME",
    "UV_PYTHON",
    "UV_PROJECT_ENVIRONMENT",
    "UV_SYSTEM_PYTHON",
    "UV_BREAK_SYSTEM_PACKAGES",
    "UV_MANAGED_PYTHON",
    "UV_NO_MANAGED_PYTHON",
    "UV_PYTHON_PREFERENCE",
    "UV_VENV_SEED",
    "UV_VENV_CLEAR",
    "UV_VENV_RELOCATABLE",
    "UV_WORKING_DIR",
    "UV_WORKING_DIRECTORY",
    "UV_PROJECT",
    "UV_ENV_FILE",
    "UV_NO_VERIFY_HASHES",
    "UV_FROZEN",
    "UV_LOCKED",
    "UV_DEV",
    "UV_NO_DEV",
    "UV_NO_GROUP",
    "UV_NO_EDITABLE",
    TORCH,
)
"""Variables that would point uv to another interpreter, environment, folder or build than the one that we name."""

LAST_LINES = 20
_OWN = ("error: ", "  cause: ", "hint: ")
"""How lines begin in which uv speaks for itself; what it hands on of others is indented further."""

_SEARCH = Lock()
EXCLUDE_NEWER = "--exclude-newer"
_BUILDER = "2019-02-06T00:00:00Z"
"""By then there was setuptools 40.8.0, which is the oldest that uv builds a package with that says nothing of it."""

CAUSES = (
    (r"No space left on device|os error 28|[Qq]uota exceeded", "the disk is full"),
    (r"Hash mismatch", "a downloaded file is not the one that was locked (hash mismatch)"),
    (
        r"network was disabled|Network connectivity is disabled",
        "the network is switched off and uv's cache lacks a file",
    ),
    (
        r"`([^`]+)` was filtered by `exclude-newer` to only include packages uploaded before (\S+?)\. ",
        "'{0}' has no release that fits from before {1}",
    ),
    (
        r"(\S+) was not found in the (?:package registry|provided package locations)",
        "there is no package '{0}' to be found",
    ),
    (r"there (?:is|are) no versions? of (\S+?)(?: and|,|$)", "the package index has no such version: {0}"),
    (r"metadata of file `([^`]+)`: No such file", "a file that the lock names is not on this machine: {0}"),
    (
        r"`([^`\s]+)[^`]*` can't be installed because it doesn't have a source distribution or wheel",
        "{0} has no build for this Python or platform",
    ),
    (
        r"ecause (?:all versions of )?(\S+) (?:has|have) no wheels? with a matching",
        "{0} has no build for this Python or platform",
    ),
    (r"no wheels? with a matching|no compatible wheel", "a package has no build for this Python or platform"),
    (
        r"ecause (?:all versions of )?(\S+) (?:has|have) no usable wheels",
        "{0} has no wheel, and may not be built from its source",
    ),
    (
        r"ecause (?:all versions of )?(\S+) (?:has|have) no source distribution",
        "{0} has no source to be built from, and its wheels may not be used",
    ),
    (r"The structure of `([^`]+)` (?:\(\S+\) )?was invalid", "the package index has a damaged file of '{0}'"),
    (r"Failed to extract archive: (\S+)", "{0} is damaged, in the package index or on its way"),
    (
        r"The lockfile at `([^`]+)` needs to be updated.*: Missing workspace member `([^`]+)`",
        "{0} is the lock of another project: it does not have '{1}'",
    ),
    (r"The lockfile at `([^`]+)` needs to be updated", "{0} does not fit its project: make it anew"),
    (r"Required uv version `([^`]+)` does not match the running version `([^`]+)`", "it wants uv {0}, and this is {1}"),
    (r"are incompatible with the declared conflicts", "the chosen groups and extras exclude one another (conflicts)"),
    (r"No solution found", "the requirements exclude one another"),
    (r"\((?:404|410) [^)]*\) for url \(([^)\s]+)\)", "the package index does not have this file any more: {0}"),
    (r"HTTP status server error \((\d+[^)]*)\)", "the package index fails: {0}"),
    (r"error reading a body|error decoding response body", "a download ended in the middle"),
    (r"status code: 40[13]|401 Unauthorized|403 Forbidden|Unauthorized", "the package index refuses us: credentials?"),
    (r"signal: 9 \(SIGKILL\)|[Kk]illed by signal 9", "a build was killed: was there enough memory?"),
    (
        r"MemoryError|memory allocation of \d+ bytes failed|Cannot allocate memory|os error 12\b|std::bad_alloc",
        "there was not enough memory",
    ),
    (r"Resource temporarily unavailable|os error 11\b", "the system gave no more memory or processes"),
    (r"Failed to build[^`]*`([^`]+)`", "'{0}' could not be built from its source"),
    (
        r"Git operation failed|Failed to clone|failed to fetch (?:branch|commit|tag)",
        "a git repository cannot be fetched",
    ),
    (
        r"error sending request|Failed to fetch|dns error|[Cc]onnection refused|timed out",
        "the package index cannot be reached",
    ),
    (r"Permission denied|os error 13", "a file or folder may not be written"),
    (
        r"`([^`]+)` does not appear to be a Python project",
        "local code has neither a pyproject.toml nor a setup.py to be installed by",
    ),
    (
        r"Distribution not found at: (\S+)",
        "local code asks for other local code beside it, which only a uv.lock finds (uv lock): {0}",
    ),
    (r"Unsupported Git URL scheme `(\w+):`", "git addresses with {0}:// are not served any more: write https://"),
    (
        r"Failed to parse `([^`]*\.lock)`, which uses an unsupported schema version \((\w+)",
        "{0} is of a version that this uv does not read ({1})",
    ),
    (r"Failed to parse `([^`]*\.lock)`", "{0} is damaged"),
    (r"[Ff]ailed to parse|Couldn't parse requirement|Expected ", "a requirement line cannot be read"),
)
"""What uv says (a pattern) and what it means, most telling first; ``{0}`` is the pattern's group."""

DOUBTS = (
    (r"`(\S+?)==(\S+?)` is yanked \(reason: \"(.*)\"\)", "{0} {1} has been withdrawn by its authors (yanked): {2}"),
    (r"`(\S+?)==(\S+?)` is yanked(?! \(reason)", "{0} {1} has been withdrawn by its authors (yanked)"),
    (r"The package `(\S+?)==(\S+?)` does not have an extra named `(\S+?)`", "{0} {1} has no extra '{2}'"),
)
"""What uv warns of (a pattern), and what it means for an answer that it gives all the same."""


def exclude_newer(moment: str) -> list[str]:
    """The options by which nothing after ``moment`` (RFC 3339, UTC) counts as released, but for what uv builds with."""
    older = ["--exclude-newer-package", f"setuptools={_BUILDER}"] if moment < _BUILDER else []
    return [EXCLUDE_NEWER, moment, *older]


def find_uv() -> str:
    """The uv that was installed with us.

    Raises:
        BuildError: it is gone.
    """
    import uv

    try:
        # In Python 3.11 whoever asks sysconfig while another thread fills its table is given an empty one.
        with _SEARCH:
            return uv.find_uv_bin()
    except FileNotFoundError as problem:
        raise BuildError("uv is not installed", hint="python -m pip install uv") from problem


def make_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that uv gets: the caller's, without what would lead it elsewhere, with pip's settings as uv's."""
    kept = {name: value for name, value in environ.items() if name not in UNSET}
    return {**kept, **uv_variables(environ), "NO_COLOR": "1", "UV_NO_PROGRESS": "1"}


def run_uv(
    arguments: Sequence[str],
    folder: Path,
    world: World,
    *,
    doing: str,
    extra: Mapping[str, str] = {},
    stdin: bytes = b"",
    keep_open: Sequence[int] = (),
    lasting: bool = True,
) -> ToolResult:
    """Run ``uv ARGUMENTS`` in ``folder`` and tell of its progress as ``doing``.

    ``lasting`` says that what it reads stays there when it fails: then it can be repeated by hand.

    Raises:
        BuildError: it failed; the cause comes first, then its last lines, and the hint repeats the step.
    """
    own: list[str] = []

    def tell(line: str) -> None:
        text = line.strip()
        if line.startswith(_OWN):
            own.append(line)
        world.report.said(redact(line))
        if text.startswith(("Downloading", "Downloaded", "Building", "Built", "Resolved", "Prepared", "Installed")):
            world.report.step(doing, redact(text))

    argv = (find_uv(), *arguments)
    world.report.said(f"$ {render_step(argv, folder)}")
    result = run_tool(
        argv,
        environ={**make_environ(world.environ), **extra},
        cwd=folder,
        stdin=stdin,
        on_line=tell,
        keep_open=keep_open,
    )
    world.report.said(f"uv ended with code {result.code}")
    if not result.ok:
        if not all(line in result.errors for line in own):
            # A compiler may say more than is kept: what went wrong stands before it.
            result = result._replace(errors="\n".join((*own, result.errors)))
        raise make_failure(result, folder if lasting and not stdin else None, doing)
    return result


def render_step(argv: Sequence[str], folder: Path) -> str:
    """A start of uv as a line for a shell, by which the step can be repeated."""
    return redact(f"cd {shlex.quote(str(folder))} && {shlex.join(('uv', *argv[1:]))}")


def make_failure(result: ToolResult, folder: Path | None, doing: str) -> BuildError:
    """The error for a uv that failed: the cause first, its last lines, and how to repeat the step in ``folder``."""
    lines = [line for line in redact(result.errors).splitlines() if line.strip()]
    last = "\n".join(f"  uv: {line}" for line in lines[-LAST_LINES:])
    hint = f"to repeat the step: {render_step(result.argv, folder)}" if folder else None
    return BuildError(f"{doing} failed: {find_cause(result)}\n{last}".rstrip(), hint=hint)


def find_dateless(text: str) -> list[str]:
    """The packages of which uv has said that the index gives no upload date for their files, sorted."""
    files = re.findall(r"`(\S+?)` is missing an upload date", text)
    names = {re.split(r"-\d", file)[0] for file in files}
    return sorted(normal_name(name) for name in names)


def list_doubts(text: str) -> tuple[str, ...]:
    """What uv has said of its answer that its user should know: the answer is not what it may look like."""
    text = re.sub(r"\s*\n[ \t]+", " ", redact(text))
    found = [meaning.format(*groups.groups()) for pattern, meaning in DOUBTS for groups in re.finditer(pattern, text)]
    if names := ", ".join(find_dateless(text)):
        found.append(f"the package index gives no upload dates for {names}: none of these files counts under --as-of")
    return tuple(dict.fromkeys(found))


def find_cause(result: ToolResult) -> str:
    """Why uv failed, in a few words."""
    # uv breaks its lines at the width that COLUMNS tells, and indents what follows.
    text = re.sub(r"\s*\n[ \t]+", " ", redact(result.errors))
    filtered = re.findall(r"`([^`]+)` was filtered by `exclude-newer`", text)
    if dateless := sorted(set(filtered) & set(find_dateless(text))):
        return f"the package index gives no upload dates for {', '.join(dateless)}, so that --as-of cannot be kept"
    for pattern, meaning in CAUSES:
        if found := re.search(pattern, text):
            # Where uv breaks a line is no part of a name.
            return meaning.format(*(" ".join(group.split()) for group in found.groups()))
    if result.code < 0:
        kill = " (was there enough memory?)" if result.code == -9 else ""
        return f"uv was ended by signal {-result.code}{kill}"
    return f"uv ended with code {result.code}"
