"""Does a command do what belongs elsewhere: install, download, hide a failure, run a notebook?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reenact.doctor.findings import Concern, Finding
from reenact.doctor.reads import LOOPBACK
from reenact.doctor.shell_words import Simple
from reenact.doctor.subject import Subject
from reenact.project.diagnostics import Position
from reenact.world import World

INSTALL = Concern(
    "install-in-command",
    "warning",
    "what is installed while a project runs is in no lock and in no record, and changes an environment that is shared",
    "name the packages in the project's environment file",
)
DOWNLOAD = Concern(
    "download-in-command",
    "warning",
    "what is behind an address changes or goes away, and the record has neither the file nor its digest",
    "declare the address below `inputs:`, or give it as a parameter of type path; code belongs in a git submodule",
)
PIPE = Concern(
    "pipe-hides-failure",
    "warning",
    "a shell takes the last program's code for the whole pipe, so that a failed run counts as finished",
    "begin with `set -o pipefail`, or run with --shell-strict; what a run prints is kept anyway: `reenact logs`",
)
NOTEBOOK = Concern(
    "notebook",
    "note",
    "a notebook is read here by nobody: what it reads, draws at random or names of a machine is not looked at",
    "move what is to be repeated into a script",
)
UNREAD = Concern(
    "unread-code",
    "note",
    "what is in it is not looked at, by no check",
    "see that it is text and valid for this Python; `reenact doctor` reads it only",
)
BROKEN = UNREAD._replace(
    level="warning", why="it is started, and what is in it is not looked at; perhaps no Python can read it either"
)
CONCERNS = (INSTALL, DOWNLOAD, PIPE, NOTEBOOK, UNREAD)

_INSTALLERS = {
    "pip": ("install",),
    "pip3": ("install",),
    "conda": ("install", "create"),
    "mamba": ("install", "create"),
    "apt": ("install",),
    "apt-get": ("install",),
    "yum": ("install",),
    "npm": ("install",),
}
_DOWNLOADERS = ("wget", "curl", "gdown", "aria2c")
_ASIDE = frozenset(("echo", "printf", "yes", "cat", "true", ":", "env", "find", "ls"))


def find(subject: Subject, world: World) -> Iterator[Finding]:
    """Habits of the commands, in the project file and in the shell scripts that they start."""
    for entry_point, file, commands in subject.started.commands:
        is_strict = any("pipefail" in command.words for command in commands)
        for command in commands:
            concern, shown = _judge(command, is_strict=is_strict)
            if concern is not None:
                place = subject.find_in_command(shown, entry_point, file)
                yield concern.found(f"`{shown}`", place, entry_point)
    for entry_point, name in subject.started.notebooks:
        place = subject.find_in_command(name.rpartition("/")[2], entry_point, "")
        yield NOTEBOOK.found(f"{name} is run", place, entry_point)
    for name, reason in subject.started.unread.items():
        concern = BROKEN if name in subject.started.broken else UNREAD
        yield concern.found(reason, Position(name, 1, 1))


def _judge(command: Simple, *, is_strict: bool) -> tuple[Concern | None, str]:
    program, words = command.program, command.words
    if re.fullmatch(r"python[\d.]*", program) and words[1:2] == ("-m",) and len(words) > 2:
        program, words = words[2], words[2:]
    if program == "uv" and words[1:2] == ("pip",):
        program, words = "pip", words[1:]
    if any(word in _INSTALLERS.get(program, ()) for word in words[1:3]):
        return INSTALL, " ".join(command.words[:4])
    if program == "git" and "clone" in words[1:4]:
        return DOWNLOAD, "git clone"
    if program in _DOWNLOADERS and any("://" in word and not re.match(LOOPBACK, word) for word in words[1:]):
        return DOWNLOAD, command.words[0]
    if command.piped and not is_strict and program not in _ASIDE:
        return PIPE, " ".join(command.words[:2])
    return None, ""
