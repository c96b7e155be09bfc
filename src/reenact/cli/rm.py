"""``reenact rm``."""

from __future__ import annotations

import sys
from pathlib import Path

from reenact.cli.console import ask, print_json
from reenact.cli.given import add_json
from reenact.cli.parser import Parser
from reenact.cli.selection import Selection, add_selection, make_filter
from reenact.errors import RecordError, UsageError
from reenact.project.diagnostics import visible
from reenact.records.filter import RunFilter
from reenact.run_folder import RunFolder
from reenact.runs import Run
from reenact.world import World


class Given(Selection):
    """The command line's words."""

    names: list[str]
    older_than: str | None
    force: bool
    yes: bool
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = "Delete runs: those that are named, or all that fit the options."
    parser.epilog = (
        "A run's own folder goes, with its log and its copy of the code. Folders of yours that it used stay as\n"
        "they are."
    )
    parser.add_argument(
        "names", metavar="RUN", nargs="*", complete="runs", help="An id or its beginning, a name, or @."
    )
    add_selection(parser)
    parser.add_argument("--older-than", metavar="AGE", help="Only runs from before then: 30d, 12h, or 2026-11-23.")
    parser.add_argument(
        "-f", "--force", action="store_true", help="Stop runs that are under way, then delete them too."
    )
    parser.add_argument("-y", "--yes", action="store_true", help="Do not ask.")
    add_json(parser, "The ids of what was deleted.")


def run(given: Given, world: World) -> int:
    """Delete them; 1 where the answer was no."""
    from reenact.records.history import remove, sweep

    wanted = make_filter(given, world.now(), given.older_than)
    if given.names and wanted != RunFilter():
        raise UsageError("name the runs, or choose them by options, not both")
    if given.names:
        folders = _find_named(given.names, world)
    else:
        runs = _find_fitting(wanted, world, force=given.force)
        if len(runs) > 1 and not given.yes and not _is_sure(runs):
            world.report.note("nothing was deleted")
            return 1
        folders = [RunFolder(Path(one.folder)) for one in runs]
    for folder in folders:
        if given.force:
            _stop(folder, world)
        remove(folder, world)
        if not given.as_json:
            print(folder.id)
    sweep(world)
    if given.as_json:
        print_json([folder.id for folder in folders])
    return 0


def _stop(folder: RunFolder, world: World) -> None:
    """End the run, if it is under way."""
    from reenact.cli.cancel import stop
    from reenact.records.life import settle

    try:
        run = settle(folder, world)
    except RecordError:
        return  # a record that is damaged does not say who carries it out
    if not run.state.final:
        stop(folder, run.backend)


def _find_named(names: list[str], world: World) -> list[RunFolder]:
    """All of them are looked up before the first goes."""
    from reenact.records.lookup import get_run

    return list({folder.id: folder for folder in (get_run(name, world) for name in names)}.values())


def _find_fitting(wanted: RunFilter, world: World, *, force: bool) -> list[Run]:
    from reenact.records.history import list_runs

    if wanted == RunFilter():
        raise UsageError(
            "which runs?", hint="name them, or choose them by options: reenact rm --state failed --older-than 30d"
        )
    runs = list_runs(wanted, None, world)
    living = [run for run in runs if not run.state.final]
    if living and not force:
        if wanted.states:
            raise RecordError(f"{len(living)} of these runs are under way", hint="--force stops and deletes them too")
        world.report.note(f"{len(living)} of them are under way and stay")
        runs = [run for run in runs if run.state.final]
    return runs


def _is_sure(runs: list[Run]) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(f"this would delete {len(runs)} runs", hint="say --yes where nobody can be asked")
    for run in runs[:10]:
        line = f"  {run.id[:12]}  {run.state.value:<9}  {visible(run.project)} {visible(run.entry_point)}"
        print(line, file=sys.stderr)
    if len(runs) > 10:
        print(f"  … and {len(runs) - 10} more", file=sys.stderr)
    return ask(f"Delete {len(runs)} runs?")
