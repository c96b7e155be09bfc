"""``reenact diff``: what is not the same in two recorded runs."""

from __future__ import annotations

from reenact.cli.console import print_json
from reenact.cli.given import add_json
from reenact.cli.parser import Namespace, Parser
from reenact.cli.table import render_change
from reenact.hints import TYPE_CHECKING
from reenact.project.diagnostics import visible
from reenact.records.files import read_record
from reenact.records.lookup import get_run
from reenact.world import World

if TYPE_CHECKING:
    from reenact.reproduce.diff import Difference, Part

SHORT = 12


class Given(Namespace):
    """The command line's words."""

    old: str
    new: str
    as_json: bool
    stat: bool
    exit_code: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = "Show what is not the same in two runs: which identity differs first, then everything in it."
    parser.add_argument("old", metavar="A", complete="runs", help="A run: its id or name; @ for the newest.")
    parser.add_argument("new", metavar="B", complete="runs", help="The run to compare it with.")
    parser.add_argument("--stat", action="store_true", help="The names of changed files without their contents.")
    parser.add_argument(
        "--exit-code", action="store_true", help="End with 1 where code, environment, values or results differ."
    )
    add_json(parser)


def run(given: Given, world: World) -> int:
    """Print the difference."""
    from reenact.reproduce.diff import compare_runs

    old, new = (read_record(get_run(name, world)) for name in (given.old, given.new))
    found = compare_runs(old, new, world)
    if given.as_json:
        print_json(found)
    else:
        print(render_difference(found, stat=given.stat))
    differs = any(not part.same for part in found.parts if part.name != "times")
    return int(differs and given.exit_code)


def render_difference(found: Difference, *, stat: bool = False) -> str:
    """The two runs, a line for each part, and then each part that differs."""
    lines = [f"{found.old[:SHORT]} → {found.new[:SHORT]}", ""]
    lines += [_render_part(part) for part in found.parts if part.name != "times"]
    for part in found.parts:
        if part.changes:
            lines += ["", f"{part.name}:", *(render_change(*change) for change in part.changes)]
        if part.name == "code" and found.patch and not stat:
            lines += ["", *map(visible, found.patch.splitlines())]
        if part.name == "results":
            lines += _render_results(found)
    return "\n".join(lines)


def _render_part(part: Part) -> str:
    if part.same:
        return f"  {part.name:<12}  the same"
    identity = ""
    if part.old != part.new:
        identity = f"  {_short(part.old)} → {_short(part.new)}"
    count = f"  {len(part.changes)} change{'s' * (len(part.changes) != 1)}" if part.changes else ""
    return f"  {part.name:<12}  differs {identity}{count}"


def _render_results(found: Difference) -> list[str]:
    lines = []
    for each in found.results:
        lines += ["", f"  {visible(each.kind)} {visible(each.name)}: {each.judgement.verdict}".rstrip()]
        lines += [f"    {visible(line)}" for line in each.judgement.difference.splitlines()]
    return lines


def _short(identity: str | None) -> str:
    return visible(identity)[:SHORT] if identity else "unknown"
