"""``reenact check``: find what is wrong in a project's files."""

from __future__ import annotations

import sys

from reenact.cli.console import place_as_plain, print_json
from reenact.cli.given import add_json, add_project
from reenact.cli.parser import Namespace, Parser
from reenact.cli.resolve import resolving
from reenact.cli.table import render_count
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
    add_project(parser)
    add_json(parser, "Print the findings as a JSON list.")
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
    return {
        "code": found.code,
        "severity": found.severity,
        "message": found.message,
        **place_as_plain(found.position),
        "hint": found.hint,
        "entry_point": found.entry_point,
    }


def _summary(project: Project) -> str:
    errors, warnings = _count(project, "error"), _count(project, "warning")
    counts = f"{render_count(errors, 'error')}, {render_count(warnings, 'warning')}"
    where = project.file or f"no project file in '{project.name}'"
    return f"{where}: {counts}"


def _count(project: Project, severity: str) -> int:
    return sum(found.severity == severity for found in project.diagnostics)
