"""``reenact env restore``."""

from __future__ import annotations

import click

from reenact.cli.complete import RunName
from reenact.cli.console import console_world, print_json


@click.command()
@click.argument("run", default="@", type=RunName())
@click.option("--json", "as_json", is_flag=True, help="Print it as a JSON object.")
def command(run: str, as_json: bool) -> None:
    """Make the environment of a run exist again, from the lock in its record, and print its folder."""
    import os

    from reenact import environments
    from reenact.errors import RecordError
    from reenact.records.files import find_project_folder, read_lock
    from reenact.records.lookup import get_run

    world = console_world()
    folder = get_run(run, world)
    lock = read_lock(folder)
    if lock is None:
        raise RecordError(f"run {folder.id} has had no environment of its own", hint=f"reenact show {folder.id[:8]}")
    inside = environments.enter(lock, find_project_folder(folder), world)
    if inside.held is not None:
        os.close(inside.held)
    if as_json:
        print_json({"key": lock.key, "folder": inside.place.path, "made": inside.made})
    else:
        click.echo(inside.place.path)
