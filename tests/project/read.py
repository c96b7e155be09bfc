"""Short ways to a project for the tests of its parser."""

from __future__ import annotations

from reenact.project.cache import NoCache
from reenact.project.diagnostics import Diagnostic
from reenact.project.document import load_document
from reenact.project.lints import find_doubts
from reenact.project.mlproject import parse_project
from reenact.project.types import Parameter, Project


class MemoryCache:
    """Keeps documents in a dict."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def find(self, digest: str) -> bytes | None:
        """What was kept."""
        return self.kept.get(digest)

    def keep(self, digest: str, data: bytes) -> None:
        """Keep it."""
        self.kept[digest] = data


def project_of(text: str | bytes) -> Project:
    """The project that a file of this text declares."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    document = load_document("MLproject", data, NoCache())
    project = parse_project(document)
    doubts = (doubt for entry_point in project.entry_points for doubt in find_doubts(entry_point, document))
    return project._replace(diagnostics=(*project.diagnostics, *doubts))


def main_with(parameters: str, command: str = "python a.py {a}") -> Project:
    """A project whose ``main`` has these parameters, each on lines of its own."""
    lines = "".join(f"      {line}\n" for line in parameters.split("\n"))
    return project_of(f'entry_points:\n  main:\n    parameters:\n{lines}    command: "{command}"\n')


def only_parameter(parameters: str) -> tuple[Parameter, list[tuple[str, str]]]:
    """The one parameter of ``main`` and the (severity, code) of what was found."""
    project = main_with(parameters)
    (parameter,) = project.entry_points[0].parameters
    return parameter._replace(position=None), codes(project)


def codes(project: Project) -> list[tuple[str, str]]:
    """Severity and code of every finding."""
    return [(found.severity, found.code) for found in project.diagnostics]


def only_finding(project: Project) -> Diagnostic:
    """The one finding that there is."""
    (found,) = project.diagnostics
    return found
