"""``reenact env ls``."""

from __future__ import annotations

from reenact.cli.console import print_json
from reenact.cli.given import add_json
from reenact.cli.parser import Namespace, Parser
from reenact.cli.table import Column, find_width, parse_timestamp, render_age, render_size, render_table
from reenact.hints import TYPE_CHECKING
from reenact.project.diagnostics import visible
from reenact.values import NamedTuple
from reenact.world import World, render_timestamp

if TYPE_CHECKING:
    from reenact.environments.disk import Size
    from reenact.environments.shelf import Standing


_COLUMNS = [Column(name) for name in ("KEY", "KIND", "PYTHON", "PACKAGES", "SIZE", "OWN", "MADE", "USED", "RUNS")]


class Row(NamedTuple):
    """What is told of an environment: how many recorded runs it was made for, and whether one is inside."""

    standing: Standing
    size: Size
    runs: int
    in_use: bool


class Given(Namespace):
    """The command line's words."""

    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.epilog = "SIZE is what an environment holds, OWN what its deletion would free: files that others share stay."
    add_json(parser, "Print them as a JSON list; sizes in bytes.")


def run(given: Given, world: World) -> int:
    """Print the list."""
    from collections import Counter

    from reenact.environments.disk import Census
    from reenact.environments.shelf import is_used, list_standing
    from reenact.records.history import list_realised

    standing = list_standing(world.home)
    census = Census(each.folder for each in standing)
    runs = Counter(realised.key for _, realised in list_realised(world))
    rows = [Row(each, census.measure(each.folder), runs[each.key], is_used(each.folder)) for each in standing]
    if given.as_json:
        print_json([_as_plain(row) for row in rows])
    elif rows:
        print("\n".join(render_table(_COLUMNS, [_render(row, world.now()) for row in rows], find_width())))
    else:
        world.report.note("no environment has been made yet")
    return 0


def _as_plain(row: Row) -> dict[str, object]:
    each = row.standing
    return {
        "key": each.key,
        "kind": each.kind,
        "complete": each.whole,
        "python": each.python,
        "packages": each.packages,
        "size": row.size.whole,
        "own": row.size.own,
        "made": each.made or None,
        "used": render_timestamp(each.used),
        "in_use": row.in_use,
        "runs": row.runs,
        "folder": str(each.folder),
    }


def _render(row: Row, now: float) -> tuple[str, ...]:
    from reenact.cli.env.names import SHORT

    each = row.standing
    return (
        each.key[:SHORT],
        each.kind,
        visible(each.python or "-"),
        str(each.packages) if each.whole else "unfinished",
        render_size(row.size.whole),
        render_size(row.size.own),
        render_age(now - parse_timestamp(each.made)) if each.made else "-",
        "now" if row.in_use else render_age(now - each.used),
        str(row.runs),
    )
