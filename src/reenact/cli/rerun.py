"""``reenact rerun``: a recorded run again, from its record alone."""

from __future__ import annotations

from reenact.cli.given import add_repeated_run
from reenact.cli.parser import Parser
from reenact.cli.run import Launching, add_isolation, add_launching_arguments, launch
from reenact.plan import Isolation
from reenact.prepare import Prepared
from reenact.process.unreached import UNREACHED
from reenact.project.parameters import parse_assignments
from reenact.records.files import read_record
from reenact.records.lookup import get_run
from reenact.reproduce.rerun import Repeat, prepare_rerun
from reenact.world import World


class Given(Launching):
    """The command line's words."""

    run: str
    param_list: list[str]
    entry_point: str | None
    env: str
    no_network: bool
    read_only: bool
    deterministic: bool
    run_name: str | None


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = "Run a recorded run again from its record alone: its code, environment and parameters."
    parser.epilog = "The exit code is the command's own."
    add_repeated_run(parser)
    parser.add_argument(
        "-P", "--param-list", action="append", default=[], metavar="NAME=VALUE", help="Another value; repeatable."
    )
    parser.add_argument(
        "-e", "--entry-point", metavar="NAME", help="Another entry point of the same code, with its own defaults."
    )
    parser.add_argument(
        "--env",
        choices=["recorded", "current"],
        default="recorded",
        help="The packages of the record, or those that are resolved now. [default: %(default)s]",
    )
    add_isolation(parser)
    parser.add_argument(
        "--deterministic", action="store_true", help="Set the variables that make common libraries repeat."
    )
    parser.add_argument("--run-name", metavar="NAME", help="A name for the new run.")
    add_launching_arguments(parser)


def run(given: Given, world: World) -> int:
    """Run it again; the command's own exit code."""
    return launch(lambda: _prepare(given, world), given, world)


def _prepare(given: Given, world: World) -> Prepared:
    """What is to run, agreed to where it is from elsewhere."""
    folder = get_run(given.run, world)
    repeat = Repeat(
        parse_assignments(given.param_list),
        given.entry_point,
        current=given.env == "current",
        name=given.run_name,
        deterministic=given.deterministic,
        isolation=Isolation(network=not given.no_network, read_only=given.read_only),
    )
    prepared = prepare_rerun(read_record(folder), repeat, world)
    # What else there was to say of the project was said when it first ran.
    for doubt in prepared.plan.notes:
        if doubt.code == UNREACHED:
            world.report.found(doubt)
    if given.deterministic and prepared.plan.determinism is not None:
        from reenact.determinism import render_limits

        world.report.note(render_limits(prepared.plan.determinism))
    if not given.dry_run and (prepared.plan.source.kind != "directory" or folder.imported.exists()):
        from reenact.cli.trust import expect_agreement, find_bundle

        expect_agreement(prepared, world, yes=given.yes, bundle=find_bundle(folder))
    return prepared
