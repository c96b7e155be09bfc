"""``reenact rm``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from reenact.cli.complete import RunName
from reenact.cli.console import console_world, print_json
from reenact.cli.selection import choosing, make_filter
from reenact.cli.table import plain
from reenact.errors import RecordError, UsageError
from reenact.run_folder import RunFolder
from reenact.runs import Run
from reenact.world import World


@click.command()
@click.argument("names", metavar="[RUN]...", nargs=-1, type=RunName())
@choosing
@click.option("--older-than", "before", metavar="AGE", help="Only runs from before then: 30d, 12h, or 2026-11-23.")
@click.option("-f", "--force", is_flag=True, help="Stop runs that are under way, then delete them too.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="The ids of what was deleted.")
def command(names: tuple[str, ...], force: bool, yes: bool, as_json: bool, **chosen: Any) -> None:
    """Delete runs: those that are named, or all that fit the options.

    A run's own folder goes, with its log and its copy of the code. Folders of yours that it used stay as they are.
    """
    from reenact.records.history import remove, sweep

    world = console_world()
    runs = _find_named(names, world) if names else _find_fitting(chosen, world, force=force)
    if names and any(chosen.values()):
        raise UsageError("name the runs, or choose them by options, not both")
    if not names and len(runs) > 1 and not yes:
        _ask(runs)
    for run in runs:
        folder = RunFolder(Path(run.folder))
        if force and not run.state.final:
            from reenact.cli.cancel import stop

            stop(folder, run.backend)
        remove(folder, world)
        if not as_json:
            click.echo(run.id)
    sweep(world)
    if as_json:
        print_json([run.id for run in runs])


def _find_named(names: tuple[str, ...], world: World) -> list[Run]:
    """All of them are looked up before the first goes."""
    from reenact.records.life import settle
    from reenact.records.lookup import get_run

    return list({run.id: run for run in (settle(get_run(name, world), world) for name in names)}.values())


def _find_fitting(chosen: dict[str, Any], world: World, *, force: bool) -> list[Run]:
    from reenact.records.history import list_runs

    if not any(chosen.values()):
        raise UsageError(
            "which runs?", hint="name them, or choose them by options: reenact rm --state failed --older-than 30d"
        )
    runs = list_runs(make_filter(chosen, world.now()), None, world)
    living = [run for run in runs if not run.state.final]
    if living and not force:
        if chosen["states"]:
            raise RecordError(f"{len(living)} of these runs are under way", hint="--force stops and deletes them too")
        world.report.note(f"{len(living)} of them are under way and stay")
        runs = [run for run in runs if run.state.final]
    return runs


def _ask(runs: list[Run]) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"this would delete {len(runs)} runs", hint="say --yes where nobody can be asked")
    for run in runs[:10]:
        click.echo(f"  {run.id[:12]}  {run.state.value:<9}  {plain(run.project)} {plain(run.entry_point)}", err=True)
    if len(runs) > 10:
        click.echo(f"  … and {len(runs) - 10} more", err=True)
    click.confirm(f"Delete {len(runs)} runs?", abort=True, err=True)
