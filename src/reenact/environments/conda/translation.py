"""``conda.yaml`` without conda: each package in the words of PyPI, and a refusal of every one that PyPI does not have.

Where MLflow's own translation drops packages, misses the Python version or takes one of several ``pip:`` lists, this
one says what it did, and stops where it cannot.
"""

from __future__ import annotations

import re
from pathlib import Path

from reenact.environments.conda import names
from reenact.environments.conda.file import CondaFile, Item, read_conda_file
from reenact.environments.conda.specs import MatchSpec, parse_match_spec, render_specifier
from reenact.environments.definition import make_errors
from reenact.environments.python.request import Request, make_line, make_spec
from reenact.environments.python.requirement_lines import Line
from reenact.environments.python.versions import parse_request
from reenact.plan import PythonSpec
from reenact.project.diagnostics import Diagnostic
from reenact.project.types import Project
from reenact.world import World

BUILD = ("pip", "setuptools", "wheel")
HINT = "take it from conda's channels: --env-manager conda"


def ask(project: Project, root: Path, manager: str | None, world: World) -> PythonSpec:
    """What the project's conda file asks for, in the words of PyPI.

    Raises:
        ProjectError: a file is missing or wrong, or asks for what PyPI does not have; each such line is named.
    """
    source = project.environment
    name = source.file if source.key == "conda_env" and source.file else "conda.yaml"
    return ask_file(name, root, world)


def ask_file(name: str, root: Path, world: World) -> PythonSpec:
    """What the conda file ``name``, relative to ``root``, asks for."""
    file = read_conda_file(name, root, world)
    translation = _Translation(root)
    for item in file.packages:
        translation.take(item)
    if translation.refused:
        raise make_errors(tuple(translation.refused))
    return make_spec(translation.finish(file), root, world)


class _Translation:
    """What was translated, and what was refused, so far."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.python: list[str] = []
        self.build: list[Line] = []
        self.dependencies: list[Line] = []
        self.renamed: list[str] = []
        self.left_out: list[str] = []
        self.refused: list[Diagnostic] = []

    def take(self, item: Item) -> None:
        try:
            spec = parse_match_spec(item.text)
            if spec.name in ("python", "pypy"):
                self._python(spec)
            elif reason := names.find_refusal(spec.name):
                self._refuse(item, f"PyPI cannot stand in for '{spec.name}': it is {reason}")
            elif reason := names.NOT_NEEDED.get(spec.name):
                self.left_out.append(f"{item.text} ({reason})")
            else:
                self._requirement(spec, item)
        except ValueError as problem:
            self._refuse(item, f"'{item.text}' cannot be translated for PyPI: {problem}")

    def finish(self, file: CondaFile) -> Request:
        notes = ["the conda file is served from PyPI; its channels are not used"]
        if self.renamed:
            notes.append(f"translated for PyPI: {', '.join(self.renamed)}")
        if self.left_out:
            notes.append(f"left out, because nothing is to be installed: {', '.join(self.left_out)}")
        return Request(
            origin=file.path,
            python=",".join(self.python) or None,
            build=tuple(self.build),
            dependencies=(*self.dependencies, *file.pip),
            variables=file.variables,
            notes=tuple(notes),
            cwd=file.folder,
        )

    def _python(self, spec: MatchSpec) -> None:
        # '==3.8' is 3.8.0 to conda, which nobody who writes it means.
        version = spec.version.replace(" ", "")
        if version not in ("", "*"):
            parse_request(version)
            self.python.append(version.lstrip("=") if version.startswith("=") and "," not in version else version)

    def _requirement(self, spec: MatchSpec, item: Item) -> None:
        name = names.PYPI_NAMES.get(spec.name, spec.name)
        text = f"{name}{render_specifier(spec.version)}"
        written = re.sub(r"\s+#.*$", "", item.text)
        # How a version is spelled is not worth a word; another name, or a build that is not asked for any more, is.
        if name.lower() != spec.name or spec.build is not None:
            self.renamed.append(f"{written} → {text}")
        line = make_line(text, item.position, self.root)
        (self.build if spec.name in BUILD else self.dependencies).append(line)

    def _refuse(self, item: Item, message: str) -> None:
        self.refused.append(Diagnostic("error", "not-on-pypi", message, item.position, hint=HINT))
