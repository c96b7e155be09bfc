"""``reenact check``: find what is wrong in a project's files."""

from __future__ import annotations

import click

from reenact.cli.console import console_world, print_json
from reenact.cli.resolve import resolve
from reenact.documents import find_documents
from reenact.errors import ProjectError
from reenact.project.diagnostics import Diagnostic, render_diagnostic
from reenact.project.load import read_project
from reenact.project.types import Project


@click.command(help="Find what is wrong in a project's files. Ends with 65 if that includes an error, else with 0.")
@click.argument("uri", default=".")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the project file, for editors.")
def command(uri: str, as_json: bool, schema: bool) -> int:
    """Print every finding with its place."""
    if schema:
        from reenact.project.schema import read_schema

        click.echo(read_schema(), nl=False)
        return 0
    world = console_world()
    project = read_project(resolve(uri, world), find_documents(world.home))
    if as_json:
        print_json([_as_plain(found) for found in project.diagnostics])
    else:
        for found in project.diagnostics:
            click.echo(f"{render_diagnostic(found)}\n")
        click.echo(_summary(project))
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
