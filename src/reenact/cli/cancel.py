"""``reenact cancel``."""

from __future__ import annotations

from importlib import import_module

import click

from reenact.cli.complete import RunName
from reenact.cli.console import console_world, print_json
from reenact.run_folder import RunFolder


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=RunName())
@click.option("--json", "as_json", is_flag=True, help="The runs as they stand then.")
def command(runs: tuple[str, ...], as_json: bool) -> None:
    """Stop runs, with everything they started. One that is over already is no mistake."""
    from reenact.records.files import read_run
    from reenact.records.life import settle
    from reenact.records.lookup import get_run

    world = console_world()
    after = []
    for folder in [get_run(name, world) for name in runs]:
        run = settle(folder, world)
        if run.state.final:
            world.report.note(f"run {run.id[:8]} is over: {run.state.value}")
        else:
            stop(folder, run.backend)
            run = read_run(folder)
            world.report.note(f"run {run.id[:8]}: {run.state.value if run.state.final else 'told to stop'}")
        after.append(run)
    if as_json:
        print_json(after)


def stop(folder: RunFolder, backend: str) -> None:
    """Have the backend end the job."""
    import_module(f"reenact.backends.{backend}").cancel(folder.id, folder)
