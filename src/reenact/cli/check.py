"""``reenact check``: find what is wrong in a project's files."""

from __future__ import annotations

import sys

from reenact.cli.console import print_json
from reenact.cli.parser import Namespace, Parser
from reenact.cli.resolve import resolving
from reenact.doctor.subject import ask_environment
from reenact.document_cache import find_documents
from reenact.errors import ProjectError
from reenact.project.diagnostics import Diagnostic, render_diagnostic
from reenact.project.load import read_project
from reenact.project.types import Project
from reenact.world import World


class Given(Namespace):
    """The command line's words."""

    uri: str
    version: str | None
    as_json: bool
    schema: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.epilog = "Ends with 65 if that includes an error, else with 0."
    parser.add_argument(
        "uri", metavar="URI", nargs="?", default=".", complete="files", help="The project; this folder."
    )
    parser.add_argument("-v", "--version", metavar="VERSION", help="Branch, tag or commit of a git project.")
    parser.add_argument("--json", dest="as_json", action="store_true", help="Print the findings as a JSON list.")
    parser.add_argument("--schema", action="store_true", help="Print the JSON Schema of the project file, for editors.")


def run(given: Given, world: World) -> int:
    """Print every finding with its place."""
    if given.schema:
        from reenact.project.schema import read_schema

        sys.stdout.write(read_schema())
        return 0
    with resolving(given.uri, given.version, world) as root:
        project = read_project(root, find_documents(world.home))
        project = project._replace(diagnostics=(*project.diagnostics, *ask_environment(project, root, world)[1]))
    if given.as_json:
        print_json([_as_plain(found) for found in project.diagnostics])
    else:
        for found in project.diagnostics:
            print(f"{render_diagnostic(found)}\n")
        print(_summary(project))
    return ProjectError.exit_code if _count(project, "error") else 0


def _as_plain(found: Diagnostic) -> dict[str, object]:
    position = found.position
    return {
        "code": found.code,
        "severity": found.severity,
        "message": found.message,
        "file": position.file if position else None,
        "line": position.line if position else None,
        "column": position.column if position else None,
        "hint": found.hint,
        "entry_point": found.entry_point,
    }


def _summary(project: Project) -> str:
    errors, warnings = _count(project, "error"), _count(project, "warning")
    counts = f"{_number(errors, 'error')}, {_number(warnings, 'warning')}"
    where = project.file or f"no project file in '{project.name}'"
    return f"{where}: {counts}"


def _count(project: Project, severity: str) -> int:
    return sum(found.severity == severity for found in project.diagnostics)


def _number(count: int, thing: str) -> str:
    return f"{count or 'no'} {thing}{'' if count == 1 else 's'}"
