"""A project for the doctor's tests, and what is found in it."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import dedent

from reenact.doctor import Examination, examine
from reenact.doctor.findings import Finding
from reenact.home import find_home
from reenact.report import Memory
from reenact.world import World
from tests.sources.repositories import commit, git, write

Place = tuple[str, str]


class Patient:
    """A project's folder that is written piece by piece."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World(find_home(os.environ), dict(os.environ), folder, Memory())

    def have(self, **files: str) -> Patient:
        """Write files; a double underscore in a name stands for the dot, three for a slash."""
        names = {name.replace("___", "/").replace("__", "."): dedent(text) for name, text in files.items()}
        if "GITIGNORE" in names:
            names[".gitignore"] = names.pop("GITIGNORE")
        write(self.folder, names)
        return self

    def commit(self) -> Patient:
        """Make it a repository where it is none, with everything in it."""
        if not (self.folder / ".git").exists():
            git(self.folder, "init", "--quiet", "--initial-branch=main")
        commit(self.folder, {})
        return self

    def examine(self, entry_point: str | None = None, *ignored: str) -> Examination:
        """All that is found."""
        return examine(self.folder, self.world, entry_point=entry_point, ignored=ignored)

    def find(self, code: str) -> list[Finding]:
        """What is found under a code."""
        return [finding for finding in self.examine().findings if finding.code == code]

    def places(self, code: str) -> list[Place]:
        """Where it is found, and what."""
        return [(show(finding), finding.message) for finding in self.find(code)]

    def codes(self) -> set[str]:
        """Under which codes something is found."""
        return {finding.code for finding in self.examine().findings}


def show(finding: Finding) -> str:
    """The place of a finding: ``train.py:3:5``."""
    place = finding.position
    return f"{place.file}:{place.line}:{place.column}" if place else ""
