"""``reenact env du``."""

from __future__ import annotations

import click

from reenact.cli.console import console_world, print_json
from reenact.cli.table import render_size


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as a JSON object, in bytes.")
def command(as_json: bool) -> None:
    """Show how much of the disk environments use, each file counted once however many links lead to it."""
    from reenact.environments.disk import Census
    from reenact.environments.shelf import list_standing

    home = console_world().home
    folders = [each.folder for each in list_standing(home)]
    census = Census(folders)
    sizes = {
        "environments": len(folders),
        "total": census.total,
        "shared": census.shared,
        "unshared_total": sum(census.measure(folder).whole for folder in folders),
        "linked_from_elsewhere": census.outside,
        "locks": Census([home.locks]).total,
        "trees": Census([home.trees]).total,
    }
    if as_json:
        print_json(sizes)
        return
    lines = (
        ("environments", f"{render_size(sizes['total'])} in {len(folders)}"),
        ("  shared", f"{render_size(sizes['shared'])} by two of them or more"),
        (
            "  elsewhere too",
            f"{render_size(sizes['linked_from_elsewhere'])} linked from a cache, not freed by a deletion",
        ),
        ("  as copies", f"{render_size(sizes['unshared_total'])} they would be"),
        ("lock records", render_size(sizes["locks"])),
        ("local code", render_size(sizes["trees"])),
    )
    click.echo("\n".join(f"{label:<16} {text}" for label, text in lines))
