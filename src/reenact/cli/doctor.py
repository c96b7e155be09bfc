"""``reenact doctor``: find what will keep a run from coming out the same elsewhere, or later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reenact import api
from reenact.cli.console import harmless_line, place_as_plain, print_json
from reenact.cli.given import add_json, add_project
from reenact.cli.parser import Namespace, Parser
from reenact.cli.table import Column, find_width, render_count, render_table
from reenact.doctor import Examination, list_concerns
from reenact.doctor.findings import LEVELS, Finding, Level, is_at_least
from reenact.errors import ProjectError
from reenact.project.diagnostics import render_diagnostic
from reenact.world import World

_MOST = 10


class Given(Namespace):
    """The command line's words."""

    uri: str
    version: str | None
    entry_point: str | None
    level: Level
    ignore: list[str]
    fix: bool
    as_json: bool
    codes: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = (
        "Find what will keep a run from coming out the same elsewhere, or later. Nothing of the project is run."
    )
    parser.epilog = (
        f"Ends with {ProjectError.exit_code} if there is a finding of --level or worse, else with 0. "
        "A comment silences a finding:\n# reenact: ignore[CODE], on its line, alone on the line before it, or at the"
        " top of the file for all of it."
    )
    add_project(parser, "The project, or a script; this folder.")
    parser.add_argument(
        "-e", "--entry-point", metavar="NAME", complete="entry points", help="Look at this entry point only."
    )
    parser.add_argument("--level", choices=LEVELS, default="error", help="What counts as a failure: error.")
    parser.add_argument("--ignore", metavar="CODE", action="append", default=[], help="Leave these findings out.")
    parser.add_argument(
        "--fix", action="store_true", help="Write reenact.lock where it is missing or stale; nothing else is changed."
    )
    add_json(parser)
    parser.add_argument("--codes", action="store_true", help="List all that can be found.")


def run(given: Given, world: World) -> int:
    """Print what is found, the worst first."""
    if given.codes:
        print("\n".join(_render_codes(as_json=given.as_json)))
        return 0
    found = api.doctor(
        given.uri,
        given.version,
        entry_point=given.entry_point,
        ignore=given.ignore,
        fix=given.fix,
        world=world,
    )
    if given.as_json:
        print_json(_as_plain(found))
    else:
        print("\n".join(map(harmless_line, render_examination(found))))
    return ProjectError.exit_code if any(is_at_least(one, given.level) for one in found.findings) else 0


def render_examination(found: Examination) -> Iterator[str]:
    """The findings as lines for a person: those of one code and reason together, with why and how only once."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in found.findings:
        groups.setdefault((finding.level, finding.code, finding.why, finding.fix), []).append(finding)
    for group in groups.values():
        yield from _render_group(group)
        yield ""
    yield from (f"changed: {line}" for line in found.changes)
    yield from (f"not changed: {line}" for line in found.unmended)
    yield _summary(found)


def _render_group(group: Sequence[Finding]) -> Iterator[str]:
    first = group[0]
    if first.diagnostic is not None:
        for finding in group:
            if finding.diagnostic is not None:
                yield from render_diagnostic(finding.diagnostic).split("\n")
        return
    yield f"{first.level}: {first.code}"
    for finding in group[:_MOST]:
        place = finding.position
        yield f"  {f'{place.file}:{place.line}:{place.column}: ' if place else ''}{finding.message}"
    if len(group) > _MOST:
        yield f"  … and at {len(group) - _MOST} more places; --json lists them"
    yield f"  why: {first.why}"
    yield f"  fix: {first.fix}{' (--fix does it)' if first.fixable else ''}"


def _summary(found: Examination) -> str:
    counts = {level: sum(finding.level == level for finding in found.findings) for level in LEVELS}
    parts = [render_count(count, level) for level, count in counts.items()]
    if found.silenced:
        parts.append(f"{found.silenced} silenced")
    return f"{found.project}: {', '.join(parts)}"


def _render_codes(*, as_json: bool) -> list[str]:
    concerns = list_concerns()
    if as_json:
        print_json([concern._asdict() for concern in concerns])
        return []
    rows = [(concern.code, concern.level, concern.why) for concern in concerns]
    return render_table((Column("CODE"), Column("LEVEL"), Column("WHY IT MATTERS", gives_way=True)), rows, find_width())


def _as_plain(found: Examination) -> dict[str, object]:
    return {
        "project": found.project,
        "findings": [_finding_as_plain(finding) for finding in found.findings],
        "silenced": found.silenced,
        "changes": found.changes,
        "unmended": found.unmended,
    }


def _finding_as_plain(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "level": finding.level,
        "message": finding.message,
        **place_as_plain(finding.position),
        "entry_point": finding.entry_point,
        "why": finding.why,
        "fix": finding.fix,
        "fixable": finding.fixable,
    }
