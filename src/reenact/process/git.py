"""How git is started: with the user's configuration, without hooks, questions or leftovers of another repository."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reenact.errors import SourceError
from reenact.process.tool import ToolResult, run_tool
from reenact.values import NamedTuple

# git-rev-parse(1) --local-env-vars, without those that hold configuration: a caller that is itself a hook of some
# repository would otherwise send us there.
_LOCAL_VARIABLES = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
        "GIT_PREFIX",
        "GIT_CONFIG",
        "GIT_SHALLOW_FILE",
        "GIT_GRAFT_FILE",
        "GIT_REPLACE_REF_BASE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_TEMPLATE_DIR",
        "GIT_DEFAULT_HASH",
        "GIT_DEFAULT_REF_FORMAT",
        "GIT_QUARANTINE_PATH",
    }
)

_SETTINGS = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.splitIndex", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("submodule.recurse", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
)


class Git(NamedTuple):
    """A way to start git: the variables it sees, the folder it starts in."""

    environ: Mapping[str, str]
    cwd: Path = Path("/")

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        on_line: Callable[[str], None] | None = None,
        keep_open: Sequence[int] = (),
    ) -> ToolResult:
        """Run ``git`` to its end.

        Raises:
            SourceError: git is not installed.
        """
        argv = ("git", *arguments)
        try:
            return run_tool(argv, environ=self.environ, cwd=self.cwd, stdin=stdin, on_line=on_line, keep_open=keep_open)
        except FileNotFoundError as problem:
            raise SourceError("git is not installed, or not on PATH", hint="install git and try again") from problem

    def configured(self, *settings: tuple[str, str]) -> Git:
        """The same with more configuration, which goes through variables: no argument list ever shows it."""
        return self._replace(environ=_with_settings(self.environ, settings))

    def within(self, **variables: str) -> Git:
        """The same with more variables."""
        return self._replace(environ={**self.environ, **variables})


def make_git(environ: Mapping[str, str], cwd: Path = Path("/")) -> Git:
    """git as every caller here needs it; the user's own configuration, credential helpers and ssh agent work.

    Messages are in English, because :mod:`reenact.sources.git.failure` reads them.
    """
    kept = {name: value for name, value in environ.items() if name not in _LOCAL_VARIABLES}
    kept |= {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_DEFAULT_REF_FORMAT": "files",
        "GIT_ALLOW_PROTOCOL": _allowed(environ),
        "LC_ALL": "C",
        "LANGUAGE": "",
    }
    return Git(_with_settings(kept, _SETTINGS), cwd)


def without_questions(git: Git) -> Git:
    """The same where ssh fails instead of asking for a password, unless the user chose the ssh program."""
    if git.environ.get("GIT_SSH_COMMAND") or git.environ.get("GIT_SSH") or git.run("config", "core.sshCommand").ok:
        return git
    return git.within(GIT_SSH_COMMAND="ssh -oBatchMode=yes")


def _allowed(environ: Mapping[str, str]) -> str:
    # "file" is for what the user names and for what the user's url.*.insteadOf leads to; an address that
    # comes from a repository is checked before git sees it.
    ours = ("file", "git", "http", "https", "ssh")
    theirs = environ.get("GIT_ALLOW_PROTOCOL")
    return ":".join(ours if theirs is None else [name for name in ours if name in theirs.split(":")])


def _with_settings(environ: Mapping[str, str], settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    count = environ.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    added = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (name, value) in enumerate(settings, first):
        added[f"GIT_CONFIG_KEY_{number}"] = name
        added[f"GIT_CONFIG_VALUE_{number}"] = value
    return {**environ, **added}
