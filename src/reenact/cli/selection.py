"""The options by which runs are chosen, the same for every verb that takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from reenact.records.filter import RunFilter, parse_moment, parse_parameter_filter
from reenact.runs import State
from reenact.world import render_timestamp

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--project", metavar="NAME", help="Only runs of this project."),
    click.option(
        "-s",
        "--state",
        "states",
        multiple=True,
        type=click.Choice([state.value for state in State]),
        help="Only runs in this state; again for one more.",
    ),
    click.option(
        "-P",
        "--param",
        "parameters",
        multiple=True,
        metavar="TEST",
        help="Only runs with such a parameter: lr=0.1, lr!=0.1, 'lr>0.01', or lr; again for one more.",
    ),
    click.option("--name", metavar="NAME", help="Only runs with this name."),
    click.option("-e", "--entry-point", metavar="NAME", help="Only runs of this entry point."),
    click.option("--since", metavar="TIME", help="Only runs from then on: 90m, 12h, 30d, or 2026-11-23."),
)


def choosing(command: F) -> F:
    """Give a command the options; it gets them as keywords, for :func:`make_filter`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_filter(chosen: dict[str, Any], now: float) -> RunFilter:
    """The filter that the options say.

    Raises:
        UsageError: one of them cannot be read.
    """
    since, before = chosen.get("since"), chosen.get("before")
    return RunFilter(
        project=chosen["project"],
        states=tuple(map(State, chosen["states"])),
        name=chosen["name"],
        entry_point=chosen["entry_point"],
        since=render_timestamp(parse_moment(since, now)) if since else None,
        before=render_timestamp(parse_moment(before, now)) if before else None,
        parameters=tuple(map(parse_parameter_filter, chosen["parameters"])),
    )
