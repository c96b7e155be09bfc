"""``reenact env export``."""

from __future__ import annotations

import click

from reenact.cli.complete import RunName
from reenact.cli.console import console_world

FORMATS = ("pylock", "requirements", "environment.yml", "dockerfile", "cyclonedx")


@click.command()
@click.argument("run", default="@", type=RunName())
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="pylock", show_default=True, help="The tool's format."
)
@click.option("-o", "--output", metavar="FILE", help="Write it to a file, whole or not at all.")
def command(run: str, form: str, output: str | None) -> None:
    """Print the environment of a run, from the lock in its record: nothing is resolved again."""
    from reenact.environments.export import make_export, render
    from reenact.errors import RecordError
    from reenact.files import write_atomic
    from reenact.records.files import read_lock, read_plan, read_run
    from reenact.records.lookup import get_run

    world = console_world()
    folder = get_run(run, world)
    lock = read_lock(folder)
    if lock is None:
        raise RecordError(f"run {folder.id} has had no environment of its own", hint=f"reenact show {folder.id[:8]}")
    exported = make_export(read_plan(folder).project, folder.id, read_run(folder).created, lock)
    if exported.local:
        names = ", ".join(exported.local)
        world.report.warn(f"only this machine has {names}: local code, which is named by its path")
    text = render(exported, form)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_atomic(world.cwd / output, text.encode())
