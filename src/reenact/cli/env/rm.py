"""``reenact env rm``."""

from __future__ import annotations

import click

from reenact.cli.console import console_world, print_json
from reenact.errors import StorageError


@click.command()
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="The keys of what was deleted.")
def command(keys: tuple[str, ...], as_json: bool) -> None:
    """Delete environments. Their runs stay, with the locks from which they are made again when they are needed."""
    from reenact.cli.env.names import get_standing
    from reenact.environments.shelf import is_used, take_away

    world = console_world()
    # All of them are looked up before the first goes.
    chosen = list({each.key: each for each in (get_standing(key, world) for key in keys)}.values())
    used = [each.key for each in chosen if is_used(each.folder)]
    for each in chosen:
        if used or not take_away(each.folder):
            keys_shown = ", ".join(key[:12] for key in used or [each.key])
            raise StorageError(
                f"a run is inside or making it: environment {keys_shown}", hint="see which: reenact ls --state running"
            )
        if not as_json:
            click.echo(each.key)
    if as_json:
        print_json([each.key for each in chosen])
