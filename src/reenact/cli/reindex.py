"""``reenact reindex``."""

from __future__ import annotations

from reenact.cli.console import print_json
from reenact.cli.given import add_json
from reenact.cli.parser import Namespace, Parser
from reenact.cli.table import render_count
from reenact.world import World


class Given(Namespace):
    """The command line's words."""

    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.epilog = "Other commands and runs may go on meanwhile. A damaged run folder is named and left as it is."
    add_json(parser, "How many runs there are, and what is damaged.")


def run(given: Given, world: World) -> int:
    """Make the index anew."""
    from reenact.records.history import reindex, sweep

    found = reindex(world)
    sweep(world)
    if given.as_json:
        print_json(found)
        return 0
    for name, problem in sorted(found.damaged.items()):
        world.report.warn(f"{name} is not in the index: {problem}")
    print(f"{render_count(found.runs, 'run')} in the index")
    return 0
