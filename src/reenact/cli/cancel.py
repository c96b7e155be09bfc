"""``reenact cancel``."""

from __future__ import annotations

from importlib import import_module

from reenact.cli.console import print_json
from reenact.cli.given import add_json
from reenact.cli.parser import Namespace, Parser
from reenact.run_folder import RunFolder
from reenact.world import World


class Given(Namespace):
    """The command line's words."""

    runs: list[str]
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.epilog = "Everything that a run started ends with it. A run that is over already is no mistake."
    parser.add_argument("runs", metavar="RUN", nargs="+", complete="runs", help="An id or its beginning, a name, or @.")
    add_json(parser, "The runs as they stand then.")


def run(given: Given, world: World) -> int:
    """Stop the runs and say how they stand."""
    from reenact.records.files import read_run
    from reenact.records.life import settle
    from reenact.records.lookup import get_run

    after = []
    for folder in [get_run(name, world) for name in given.runs]:
        run = settle(folder, world)
        if run.state.final:
            world.report.note(f"run {run.id[:8]} is over: {run.state.value}")
        else:
            stop(folder, run.backend)
            run = read_run(folder)
            world.report.note(f"run {run.id[:8]}: {run.state.value if run.state.final else 'told to stop'}")
        after.append(run)
    if given.as_json:
        print_json(after)
    return 0


def stop(folder: RunFolder, backend: str) -> None:
    """Have the backend end the job."""
    import_module(f"reenact.backends.{backend}").cancel(folder.id, folder)
