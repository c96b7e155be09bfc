"""``reenact env why``."""

from __future__ import annotations

import click

from reenact.cli.complete import RunName
from reenact.cli.console import console_world, print_json
from reenact.cli.table import plain, render_duration
from reenact.environments.comparison import Account, Change
from reenact.records.files import Realised
from reenact.run_folder import RunFolder


@click.command()
@click.argument("run", default="@", type=RunName())
@click.option("--json", "as_json", is_flag=True, help="Print it as a JSON object.")
def command(run: str, as_json: bool) -> None:
    """Say why the environment of a run was made, or found made: what changed since the run before, line by line.

    The run before is the one of the same project and entry point.
    """
    from reenact.environments.comparison import compare, explain
    from reenact.errors import RecordError
    from reenact.records.files import read_realised, read_run
    from reenact.records.history import find_before
    from reenact.records.lookup import get_run

    world = console_world()
    folder = get_run(run, world)
    realised = read_realised(folder)
    if realised is None:
        raise RecordError(f"run {folder.id} has had no environment of its own", hint=f"reenact show {folder.id[:8]}")
    found = find_before(read_run(folder), world)
    now, before = read_account(folder, realised), read_account(*found) if found else None
    changes = compare(before, now) if before else ()
    reason = explain(before, now, changes, made=realised.made)
    if as_json:
        print_json(
            {
                "run": folder.id,
                "environment": realised.key,
                "made": realised.made,
                "seconds": realised.seconds,
                "reason": reason,
                "before": {"run": found[0].id, "environment": found[1].key} if found else None,
                "changes": changes,
            }
        )
        return
    click.echo(f"environment {realised.key[:12]} of run {folder.id[:8]}, in {render_duration(realised.seconds)}")
    click.echo(reason)
    if found and before:
        same = "the same environment" if before.key == now.key else f"environment {before.key[:12]}"
        click.echo(f"the run before is {found[0].id[:8]}, with {same}")
    for line in render_changes(changes):
        click.echo(line)


def read_account(folder: RunFolder, realised: Realised) -> Account:
    """What is recorded of a run's environment."""
    from reenact.environments.packages import list_packages
    from reenact.records.files import read_lock, read_plan

    lock = read_lock(folder) or realised.lock
    return Account(read_plan(folder).environment, realised.settings, realised.key, lock, list_packages(lock.text))


def render_changes(changes: tuple[Change, ...]) -> list[str]:
    """The changes of each identity below its name."""
    lines = []
    for part, heading in (("asked", "asked for:"), ("resolved", "resolved to:")):
        chosen = [change for change in changes if change.part == part]
        if chosen:
            lines += ["", heading, *map(_render_change, chosen)]
    return lines


def _render_change(change: Change) -> str:
    what = plain(change.what)
    if change.old is None:
        return f"  + {what}: {plain(change.new or '')}"
    if change.new is None:
        return f"  - {what}: {plain(change.old)}"
    return f"  ~ {what}: {plain(change.old)} → {plain(change.new)}"
