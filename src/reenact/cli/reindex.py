"""``reenact reindex``."""

from __future__ import annotations

import click

from reenact.cli.console import console_world, print_json


@click.command()
@click.option("--json", "as_json", is_flag=True, help="How many runs there are, and what is damaged.")
def command(as_json: bool) -> None:
    """Make the index of runs anew from the run folders.

    Other commands and runs may go on meanwhile. A damaged run folder is named and left as it is.
    """
    from reenact.records.history import reindex, sweep

    world = console_world()
    found = reindex(world)
    sweep(world)
    if as_json:
        print_json(found)
        return
    for name, problem in sorted(found.damaged.items()):
        world.report.warn(f"{name} is not in the index: {problem}")
    click.echo(f"{found.runs} run{'' if found.runs == 1 else 's'} in the index")
