"""The options by which runs are chosen, the same for every verb that takes them."""

from __future__ import annotations

from reenact.cli.parser import Namespace, Parser
from reenact.records.filter import RunFilter, parse_moment, parse_parameter_filter
from reenact.runs import State
from reenact.world import render_timestamp


class Selection(Namespace):
    """What the options say."""

    project: str | None
    states: list[str]
    parameters: list[str]
    name: str | None
    entry_point: str | None
    since: str | None


def add_selection(parser: Parser) -> None:
    """Declare them."""
    parser.add_argument("--project", metavar="NAME", help="Only runs of this project.")
    parser.add_argument(
        "-s",
        "--state",
        dest="states",
        action="append",
        default=[],
        metavar="STATE",
        choices=[state.value for state in State],
        help="Only runs in this state: %(choices)s; again for one more.",
    )
    parser.add_argument(
        "-P",
        "--param",
        dest="parameters",
        action="append",
        default=[],
        metavar="TEST",
        help="Only runs with such a parameter: lr=0.1, lr!=0.1, 'lr>0.01', or lr; again for one more.",
    )
    parser.add_argument("--name", metavar="NAME", help="Only runs with this name.")
    parser.add_argument("-e", "--entry-point", metavar="NAME", help="Only runs of this entry point.")
    parser.add_argument("--since", metavar="TIME", help="Only runs from then on: 90m, 12h, 30d, or 2026-11-23.")


def make_filter(chosen: Selection, now: float, before: str | None = None) -> RunFilter:
    """The filter that the options say, and ``before`` which runs.

    Raises:
        UsageError: one of them cannot be read.
    """
    return RunFilter(
        project=chosen.project,
        states=tuple(map(State, chosen.states)),
        name=chosen.name,
        entry_point=chosen.entry_point,
        since=render_timestamp(parse_moment(chosen.since, now)) if chosen.since else None,
        before=render_timestamp(parse_moment(before, now)) if before else None,
        parameters=tuple(map(parse_parameter_filter, chosen.parameters)),
    )
