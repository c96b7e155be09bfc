"""``conda.yaml`` without conda: each package in the words of PyPI, and a refusal of every one that PyPI does not have.

Where MLflow's own translation drops packages, misses the Python version or takes one of several ``pip:`` lists, this
one says what it did, and stops where it cannot.
"""

from __future__ import annotations

import re
from pathlib import Path

from reenact.environments.conda import names
from reenact.environments.conda.specs import MatchSpec, parse_match_spec, render_specifier
from reenact.environments.definition import make_errors, read_mapping, warn_unknown_keys
from reenact.environments.python.request import Request, make_line, make_spec
from reenact.environments.python.requirement_lines import Line
from reenact.environments.python.versions import parse_request
from reenact.errors import ProjectError
from reenact.plan import PythonSpec
from reenact.project.diagnostics import Diagnostic, Position
from reenact.project.nodes import Mapping, Node, Scalar, Sequence, describe
from reenact.project.types import Project
from reenact.world import World

KEYS = ("name", "prefix", "channels", "dependencies", "variables", "platforms", "category", "channel_priority")
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
    if not (root / name).is_file():
        message = f"the environment file '{name}' does not exist"
        raise ProjectError(f"{message}: no such file was found", hint=f"looked for {root / name}")
    mapping = read_mapping(root / name, name, world)
    warn_unknown_keys(mapping, KEYS, name, world)
    translation = _Translation(name, root)
    translation.take_list(mapping.find("dependencies"))
    translation.take_variables(mapping.find("variables"))
    if translation.refused:
        raise make_errors(tuple(translation.refused))
    return make_spec(translation.finish(), root, world)


class _Translation:
    """What was translated, and what was refused, so far."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root
        self.python: list[str] = []
        self.build: list[Line] = []
        self.dependencies: list[Line] = []
        self.variables: dict[str, str] = {}
        self.renamed: list[str] = []
        self.left_out: list[str] = []
        self.refused: list[Diagnostic] = []

    def take_list(self, node: Node | None) -> None:
        if isinstance(node, Scalar):
            node = Sequence((node,), node.line, node.column)
        if isinstance(node, Mapping):
            self._refuse(node, f"'dependencies' is {describe(node)}; expected a list", "write '- PACKAGE' lines")
        for item in node.items if isinstance(node, Sequence) else ():
            if isinstance(item, Scalar):
                if not item.is_null and item.source.strip():
                    self._package(item)
            elif isinstance(item, Mapping):
                self._lists(item)
            else:
                self._refuse(item, f"{describe(item)} is not a conda package", None)

    def take_variables(self, node: Node | None) -> None:
        if node is None:
            return
        if not isinstance(node, Mapping):
            self._refuse(node, f"'variables' is {describe(node)}; expected 'NAME: value' pairs", None)
            return
        for key, value in node.entries:
            if isinstance(value, Scalar):
                self.variables[key.source] = value.source
            else:
                self._refuse(value, f"the variable '{key.source}' is {describe(value)}; expected a text", None)

    def finish(self) -> Request:
        notes = ["the conda file is served from PyPI; its channels are not used"]
        if self.renamed:
            notes.append(f"translated for PyPI: {', '.join(self.renamed)}")
        if self.left_out:
            notes.append(f"left out, because nothing is to be installed: {', '.join(self.left_out)}")
        return Request(
            origin=self.name,
            python=",".join(self.python) or None,
            build=tuple(self.build),
            dependencies=tuple(self.dependencies),
            variables=self.variables,
            notes=tuple(notes),
        )

    def _lists(self, item: Mapping) -> None:
        for key, value in item.entries:
            if key.source != "pip":
                self._refuse(key, f"'{key.source}:' is not a list that a conda file can have", "only 'pip:' is")
            items = value.items if isinstance(value, Sequence) else (value,)
            for inner in items:
                if not isinstance(inner, Scalar):
                    self._refuse(inner, f"{describe(inner)} is not a requirement line", None)
                elif not inner.is_null and inner.source.strip():
                    position = Position(self.name, inner.line, inner.column)
                    self.dependencies.append(make_line(inner.source, position, self.root))

    def _package(self, item: Scalar) -> None:
        try:
            spec = parse_match_spec(item.source)
            if spec.name in ("python", "pypy"):
                self._python(spec)
            elif reason := names.find_refusal(spec.name):
                self._refuse(item, f"PyPI cannot stand in for '{spec.name}': it is {reason}", HINT)
            elif reason := names.NOT_NEEDED.get(spec.name):
                self.left_out.append(f"{item.source.strip()} ({reason})")
            else:
                self._requirement(spec, item)
        except ValueError as problem:
            self._refuse(item, f"'{item.source.strip()}' cannot be translated for PyPI: {problem}", HINT)

    def _python(self, spec: MatchSpec) -> None:
        # '==3.8' is 3.8.0 to conda, which nobody who writes it means.
        version = spec.version.replace(" ", "")
        if version not in ("", "*"):
            parse_request(version)
            self.python.append(version.lstrip("=") if version.startswith("=") and "," not in version else version)

    def _requirement(self, spec: MatchSpec, item: Scalar) -> None:
        name = names.PYPI_NAMES.get(spec.name, spec.name)
        text = f"{name}{render_specifier(spec.version)}"
        written = re.sub(r"\s+#.*$", "", item.source).strip()
        # How a version is spelled is not worth a word; another name, or a build that is not asked for any more, is.
        if name.lower() != spec.name or spec.build is not None:
            self.renamed.append(f"{written} → {text}")
        line = make_line(text, Position(self.name, item.line, item.column), self.root)
        (self.build if spec.name in BUILD else self.dependencies).append(line)

    def _refuse(self, node: Node, message: str, hint: str | None) -> None:
        position = Position(self.name, node.line, node.column)
        self.refused.append(Diagnostic("error", "not-on-pypi", message, position, hint=hint))
