"""``reenact describe``: a project's entry points, parameters and environment, so that nobody has to open the file."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from reenact.cli.console import print_json
from reenact.cli.given import add_json, add_project
from reenact.cli.parser import Namespace, Parser
from reenact.cli.resolve import resolving
from reenact.document_cache import find_documents
from reenact.errors import ProjectError
from reenact.project.convention import find_scripts
from reenact.project.diagnostics import render_diagnostic, visible
from reenact.project.environment_files import with_own_environment
from reenact.project.load import get_entry_point, read_project
from reenact.project.types import EntryPoint, EnvironmentSource, Parameter, Project, Tolerance
from reenact.sources.redact import strip_credentials
from reenact.world import World

_INDENT = "    "
_WIDTH = 100
_WIDEST = 40


class Given(Namespace):
    """The command line's words."""

    uri: str
    version: str | None
    entry_point: str | None
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    add_project(parser)
    parser.add_argument(
        "-e", "--entry-point", metavar="NAME", complete="entry points", help="Show this entry point only."
    )
    add_json(parser)


def run(given: Given, world: World) -> int:
    """Print the project; the errors in it go to stderr. Ends with 65 if they leave nothing to show."""
    with resolving(given.uri, given.version, world) as root:
        return print_project(root, given.entry_point, world, as_json=given.as_json)


def print_project(root: Path, entry_point: str | None, world: World, *, as_json: bool) -> int:
    """Print the project in this folder; the exit code."""
    project = read_project(root, find_documents(world.home))
    errors = [found for found in project.diagnostics if found.severity == "error"]
    for found in errors:
        print(render_diagnostic(found), file=sys.stderr)
    if errors and not project.entry_points:
        return ProjectError.exit_code
    scripts = find_scripts(root) if entry_point is None else ()
    if entry_point is not None:
        chosen = get_entry_point(project, entry_point, root)
        project = with_own_environment(project, chosen, root)._replace(entry_points=(chosen,))
    if as_json:
        print_json(_as_plain(project, scripts))
    else:
        print("\n".join(map(visible, render_project(project, scripts))))
    return 0


def render_project(project: Project, scripts: tuple[str, ...] = ()) -> Iterator[str]:
    """The project as lines for a person; ``scripts`` are the files that can be run without being declared."""
    yield f"{project.name}  ({project.file or 'no project file'})"
    yield from _render_environment(project.environment)
    for entry_point in project.entry_points:
        yield ""
        yield from _render_entry_point(entry_point)
    if not project.entry_points:
        yield ""
        yield "No entry points are declared."
    if scripts:
        yield ""
        lead = "scripts: "
        yield from textwrap.wrap(", ".join(scripts), _WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead))


def _render_environment(source: EnvironmentSource) -> Iterator[str]:
    """What is used, and what else is there with the reason why it is not."""
    if source.docker is not None:
        used = f"container image {source.docker.image}"
    elif source.file is not None:
        found = "the header of the script" if source.key == "script" else "found by its name"
        used = source.file if source.declared else f"{source.file} ({found})"
        used += f", locked by {source.lock}" if source.lock else ""
    else:
        used = "a Python without packages (none is declared)"
    chosen = [f"groups {', '.join(source.groups)}"] if source.groups else []
    chosen += [f"extras {', '.join(source.extras)}"] if source.extras else []
    yield f"environment: {'; '.join([used, *chosen])}"
    yield from (f"  passed over: {over.file}: {over.reason}" for over in source.passed_over)


def _render_entry_point(entry_point: EntryPoint) -> Iterator[str]:
    yield entry_point.name
    for text in (entry_point.description, entry_point.note):
        if text:
            yield from _wrapped(text, _INDENT)
    if entry_point.parameters:
        yield ""
        yield from _render_table([_parameter_row(parameter) for parameter in entry_point.parameters])
    yield from _render_data(entry_point)
    yield ""
    lines = entry_point.command.rstrip().split("\n")
    yield from (f"{_INDENT}{mark} {line}".rstrip() for mark, line in zip("$" + " " * len(lines), lines, strict=False))


def _render_data(entry_point: EntryPoint) -> Iterator[str]:
    """What it reads, writes and measures, one a line."""
    outputs = (f"{output.path}{_render_tolerance(output.tolerance)}" for output in entry_point.outputs)
    metrics = (
        f"{metric.path}{': ' if metric.keys else ''}{', '.join(metric.keys)}{_render_tolerance(metric.tolerance)}"
        for metric in entry_point.metrics
    )
    inputs = (strip_credentials(path) for path in entry_point.inputs)
    blocks = {"inputs": [*inputs], "outputs": [*outputs], "metrics": [*metrics]}
    if any(blocks.values()):
        yield ""
    for name, lines in blocks.items():
        yield from (f"{_INDENT}{'' if at else name:<9}{line}" for at, line in enumerate(lines))


def _render_tolerance(tolerance: Tolerance) -> str:
    said = [f"{name} {value:g}" for name in ("rtol", "atol") if (value := getattr(tolerance, name)) is not None]
    said += [f"without {', '.join(tolerance.ignore)}"] if tolerance.ignore else []
    return f"  ({'; '.join(said)})" if said else ""


def _parameter_row(parameter: Parameter) -> tuple[str, str, str, str]:
    if parameter.default is not None:
        # The whole of a default must be seen where it ends: as text between quotes if that is in doubt.
        plain = parameter.default.isprintable() and parameter.default == parameter.default.strip() != ""
        shown = parameter.default if plain else repr(parameter.default)
        value = "= ***" if parameter.secret else f"= {shown}"
    else:
        value = "required" if parameter.required else "optional"
    remarks = [_limits(parameter), "secret" if parameter.secret else "", parameter.description or ""]
    return parameter.name, parameter.type, value, "; ".join(remark for remark in remarks if remark)


def _limits(parameter: Parameter) -> str:
    if parameter.choices:
        return f"one of {', '.join(parameter.choices)}"
    if parameter.min is not None and parameter.max is not None:
        return f"from {parameter.min:g} to {parameter.max:g}"
    if parameter.min is not None:
        return f"at least {parameter.min:g}"
    return f"at most {parameter.max:g}" if parameter.max is not None else ""


def _render_table(rows: list[tuple[str, str, str, str]]) -> Iterator[str]:
    """Columns of equal width; what does not fit into the last one goes on below it, or below the row."""
    widths = [min(max(len(row[column]) for row in rows), _WIDEST) for column in range(3)]
    for *cells, remarks in rows:
        line = _INDENT + "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        column = len(_INDENT) + sum(widths) + 2 * 3
        texts = list(_wrapped(remarks, " " * column))
        if len(line) < column and texts:
            line += texts.pop(0)[len(line) :]
        yield line.rstrip()
        yield from texts


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False)


def _as_plain(project: Project, scripts: tuple[str, ...]) -> dict[str, object]:
    environment = project.environment._asdict()
    del environment["position"]
    return {
        "name": project.name,
        "file": project.file,
        "environment": environment,
        "entry_points": [_entry_point_as_plain(entry_point) for entry_point in project.entry_points],
        "scripts": scripts,
    }


def _entry_point_as_plain(entry_point: EntryPoint) -> dict[str, object]:
    parameters = []
    for parameter in entry_point.parameters:
        fields = parameter._asdict()
        del fields["position"]
        parameters.append({**fields, "default": None if parameter.secret else parameter.default})
    return {
        "name": entry_point.name,
        "description": entry_point.description,
        "note": entry_point.note,
        "command": entry_point.command,
        "parameters": parameters,
        "inputs": [strip_credentials(path) for path in entry_point.inputs],
        "outputs": entry_point.outputs,
        "metrics": entry_point.metrics,
    }
