"""``reenact env gc``."""

from __future__ import annotations

import re

import click

from reenact.cli.console import console_world, print_json
from reenact.cli.table import render_age, render_size
from reenact.errors import UsageError
from reenact.world import World

_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_REASONS = {"unfinished": "never finished", "old": "not used lately", "size": "least recently used"}


@click.command()
@click.option("--max-size", metavar="SIZE", help="Until all together use no more than that on disk: 20G, 500M.")
@click.option("--older-than", metavar="AGE", help="What was not used since then: 30d, 12h, or 2026-11-23.")
@click.option("--keep", is_flag=True, help="Never what a recorded run was made in.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would go, and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print what went as a JSON object; sizes in bytes.")
def command(max_size: str | None, older_than: str | None, keep: bool, dry_run: bool, as_json: bool) -> None:
    """Delete environments, least recently used first, as far as the options say.

    Without them only leftovers go: what was never finished, lock records that cannot be used any more, copies of local
    code that nothing refers to. An environment that a living run is inside of stays. What goes is made again from its
    lock when a run needs it. Mirrors of repositories and the caches of uv and rattler are left alone.
    """
    from reenact.environments.collect import Limits
    from reenact.environments.sweep import find_leftovers, sweep
    from reenact.records.filter import parse_moment

    world = console_world()
    before = parse_moment(older_than, world.now()) if older_than else None
    limits = Limits(parse_size(max_size) if max_size else None, before, keep)
    leftovers = find_leftovers(limits, world)
    if not dry_run:
        leftovers = sweep(leftovers, world)
    if as_json:
        print_json({"dry_run": dry_run, **leftovers.as_plain()})
        return
    for each in leftovers.environments:
        age = render_age(world.now() - each.used)
        click.echo(f"{each.key[:12]}  {_REASONS[each.why]}, {age}: frees {render_size(each.freed)}")
    counts = (
        ("lock record", len(leftovers.locks)),
        ("copy of local code", len(leftovers.trees)),
        ("leftover", len(leftovers.trash)),
    )
    parts = [f"{len(leftovers.environments)} environments", *(f"{n} × {name}" for name, n in counts if n)]
    click.echo(f"{'would delete' if dry_run else 'deleted'} {', '.join(parts)}; {render_size(leftovers.freed)}")
    _tell_of_the_rest(leftovers.left, limits.size, world)


def parse_size(text: str) -> int:
    """Bytes from ``20G``, ``500M``, ``1.5T``, ``4096``; the units are binary, ``GB`` and ``GiB`` are the same as ``G``.

    Raises:
        UsageError: another form.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", text.strip().lower())
    if found is None:
        raise UsageError(f"'{text}' is no size", hint="for example 20G or 500M")
    return int(float(found[1]) * 1024 ** _UNITS[found[2]])


def _tell_of_the_rest(left: int, wanted: int | None, world: World) -> None:
    if wanted is not None and left > wanted:
        world.report.warn(
            f"{render_size(left)} are left, more than {render_size(wanted)}: in use, or kept for recorded runs"
        )
