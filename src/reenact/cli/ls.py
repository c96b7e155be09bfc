"""``reenact ls``."""

from __future__ import annotations

from typing import Any

import click

from reenact.cli.console import console_world, print_json
from reenact.cli.selection import choosing, make_filter
from reenact.cli.table import (
    Column,
    find_width,
    paint,
    parse_timestamp,
    plain,
    render_age,
    render_duration,
    render_state,
    render_table,
)
from reenact.runs import Run

_COLUMNS = (
    Column("RUN"),
    Column("STATE"),
    Column("PROJECT", gives_way=True),
    Column("ENTRY POINT", gives_way=True),
    Column("STARTED"),
    Column("TOOK"),
    Column("PARAMETERS", gives_way=True),
)


@click.command()
@choosing
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many runs.")
@click.option("-a", "--all", "everything", is_flag=True, help="All of them.")
@click.option("-q", "--quiet", is_flag=True, help="Only whole ids, one a line, for other commands.")
@click.option("--json", "as_json", is_flag=True, help="A list of objects, with all that the index knows.")
def command(limit: int, everything: bool, quiet: bool, as_json: bool, **chosen: Any) -> None:
    """List runs, newest first.

    A run whose process died without a word is found and shown as lost.
    """
    from reenact.records.history import list_runs
    from reenact.records.index import open_index

    world = console_world()
    now = world.now()
    runs = list_runs(make_filter(chosen, now), None if everything else limit, world)
    if as_json:
        print_json(runs)
    elif quiet:
        for run in runs:
            click.echo(run.id)
    elif not runs:
        world.report.note("no runs" + (" that fit" if any(chosen.values()) else " yet; start one with: reenact run ."))
    else:
        length = open_index(world).read(lambda store: store.shortest([run.id for run in runs]))
        _print_runs(runs, length, now)


def _print_runs(runs: list[Run], length: int, now: float) -> None:
    heading, *lines = render_table(_COLUMNS, [_render_row(run, length, now) for run in runs], find_width())
    click.echo(heading)
    for run, line in zip(runs, lines, strict=True):
        state = render_state(run.state, run.exit_code)
        click.echo(line[:length] + line[length:].replace(state, paint(state, run.state), 1))


def _render_row(run: Run, length: int, now: float) -> tuple[str, ...]:
    began = parse_timestamp(run.started) if run.started else None
    over = parse_timestamp(run.ended) if run.ended else None if run.state.final else now
    parameters = " ".join(plain(f"{name}={'•' if value is None else value}") for name, value in run.parameters.items())
    return (
        run.id[:length],
        render_state(run.state, run.exit_code),
        plain(run.project),
        plain(run.entry_point),
        render_age(now - (began if began is not None else parse_timestamp(run.created))),
        render_duration(max(0.0, over - began)) if began is not None and over is not None else "-",
        parameters,
    )
