"""``reenact env ls``."""

from __future__ import annotations

from reenact.cli.console import print_json
from reenact.cli.given import add_json
from reenact.cli.parser import Namespace, Parser
from reenact.cli.table import Column, find_width, parse_timestamp, render_age, render_size, render_table
from reenact.project.diagnostics import visible
from reenact.world import World


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

    from reenact.cli.env.names import SHORT
    from reenact.environments.disk import Census
    from reenact.environments.shelf import is_used, list_standing
    from reenact.records.history import list_realised
    from reenact.world import render_timestamp

    standing = list_standing(world.home)
    census = Census(each.folder for each in standing)
    runs = Counter(realised.key for _, realised in list_realised(world))
    if given.as_json:
        print_json(
            [
                {
                    "key": each.key,
                    "kind": each.kind,
                    "complete": each.whole,
                    "python": each.python,
                    "packages": each.packages,
                    "size": census.measure(each.folder).whole,
                    "own": census.measure(each.folder).own,
                    "made": each.made or None,
                    "used": render_timestamp(each.used),
                    "in_use": is_used(each.folder),
                    "runs": runs[each.key],
                    "folder": str(each.folder),
                }
                for each in standing
            ]
        )
        return 0
    columns = [Column(name) for name in ("KEY", "KIND", "PYTHON", "PACKAGES", "SIZE", "OWN", "MADE", "USED", "RUNS")]
    rows, now = [], world.now()
    for each in standing:
        size = census.measure(each.folder)
        used = "now" if is_used(each.folder) else render_age(now - each.used)
        rows.append(
            (
                each.key[:SHORT],
                each.kind,
                visible(each.python or "-"),
                str(each.packages) if each.whole else "unfinished",
                render_size(size.whole),
                render_size(size.own),
                render_age(now - parse_timestamp(each.made)) if each.made else "-",
                used,
                str(runs[each.key]),
            )
        )
    if rows:
        print("\n".join(render_table(columns, rows, find_width())))
    else:
        world.report.note("no environment has been made yet")
    return 0
