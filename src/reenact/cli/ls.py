"""``reenact ls``."""

from __future__ import annotations

from pathlib import Path

from reenact.cli.console import print_json
from reenact.cli.given import add_json
from reenact.cli.parser import Parser, at_least
from reenact.cli.selection import Selection, add_selection, make_filter
from reenact.cli.table import (
    Column,
    find_width,
    paint,
    parse_timestamp,
    render_age,
    render_duration,
    render_state,
    render_table,
)
from reenact.project.diagnostics import visible
from reenact.records.filter import RunFilter
from reenact.run_folder import RunFolder
from reenact.runs import Run
from reenact.world import World

_COLUMNS = (
    Column("RUN"),
    Column("STATE"),
    Column("PROJECT", gives_way=True),
    Column("ENTRY POINT", gives_way=True),
    Column("STARTED"),
    Column("TOOK"),
    Column("PARAMETERS", gives_way=True),
)


class Given(Selection):
    """The command line's words."""

    limit: int
    everything: bool
    quiet: bool
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.epilog = "A run whose process died without a word is found and shown as lost."
    add_selection(parser)
    parser.add_argument(
        "-n",
        "--limit",
        metavar="N",
        type=at_least(1),
        default=20,
        help="At most so many runs. [default: %(default)s]",
    )
    parser.add_argument("-a", "--all", dest="everything", action="store_true", help="All of them.")
    parser.add_argument("-q", "--quiet", action="store_true", help="Only whole ids, one a line, for other commands.")
    add_json(parser, "A list of objects, with all that the index knows.")


def run(given: Given, world: World) -> int:
    """Print the list."""
    from reenact.records.history import list_runs
    from reenact.records.index import open_index

    now = world.now()
    wanted = make_filter(given, now)
    runs = list_runs(wanted, None if given.everything else given.limit, world)
    if given.as_json:
        print_json(runs)
    elif given.quiet:
        for one in runs:
            print(one.id)
    elif not runs:
        fitting = wanted != RunFilter()
        world.report.note("no runs" + (" that fit" if fitting else " yet; start one with: reenact run ."))
    else:
        length = open_index(world).read(lambda store: store.shortest([run.id for run in runs]))
        _print_runs(runs, length, now)
    return 0


def _print_runs(runs: list[Run], length: int, now: float) -> None:
    heading, *lines = render_table(_COLUMNS, [_render_row(run, length, now) for run in runs], find_width())
    print(heading)
    for run, line in zip(runs, lines, strict=True):
        state = render_state(run.state, run.exit_code)
        print(line[:length] + line[length:].replace(state, paint(state, run.state), 1))


def _render_row(run: Run, length: int, now: float) -> tuple[str, ...]:
    began = parse_timestamp(run.started) if run.started else None
    over = parse_timestamp(run.ended) if run.ended else None if run.state.final else now
    parameters = " ".join(f"{name}={'•' if value is None else value}" for name, value in run.parameters.items())
    return (
        run.id[:length],
        render_state(run.state, run.exit_code),
        visible(run.project) + (" (imported)" if RunFolder(Path(run.folder)).imported.exists() else ""),
        visible(run.entry_point) + (f" (again: {run.repeats[:8]})" if run.repeats else ""),
        render_age(now - (began if began is not None else parse_timestamp(run.created))),
        render_duration(max(0.0, over - began)) if began is not None and over is not None else "-",
        visible(parameters),
    )
