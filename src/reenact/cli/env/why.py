"""``reenact env why``."""

from __future__ import annotations

from reenact.cli.console import print_json
from reenact.cli.given import add_json, add_run
from reenact.cli.parser import Namespace, Parser
from reenact.cli.table import render_change, render_duration
from reenact.environments.comparison import Change
from reenact.world import World


class Given(Namespace):
    """The command line's words."""

    run: str
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = (
        "Say why the environment of a run was made, or found made: what changed since the run before, line by line."
    )
    parser.epilog = "The run before is the one of the same project and entry point."
    add_run(parser)
    add_json(parser)


def run(given: Given, world: World) -> int:
    """Print the account."""
    from reenact.environments.account import read_account
    from reenact.environments.comparison import compare, explain
    from reenact.errors import RecordError
    from reenact.records.files import read_realised, read_run
    from reenact.records.history import find_before
    from reenact.records.lookup import get_run

    folder = get_run(given.run, world)
    realised = read_realised(folder)
    if realised is None:
        raise RecordError(f"run {folder.id} has had no environment of its own", hint=f"reenact show {folder.id[:8]}")
    found = find_before(read_run(folder), world)
    now, before = read_account(folder, realised), read_account(*found) if found else None
    changes = compare(before, now) if before else ()
    reason = explain(before, now, changes, made=realised.made)
    if given.as_json:
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
        return 0
    print(f"environment {realised.key[:12]} of run {folder.id[:8]}, in {render_duration(realised.seconds)}")
    print(reason)
    if found and before:
        same = "the same environment" if before.key == now.key else f"environment {before.key[:12]}"
        print(f"the run before is {found[0].id[:8]}, with {same}")
    for line in render_changes(changes):
        print(line)
    return 0


def render_changes(changes: tuple[Change, ...]) -> list[str]:
    """The changes of each identity below its name."""
    lines = []
    for part, heading in (("asked", "asked for:"), ("resolved", "resolved to:")):
        chosen = [change for change in changes if change.part == part]
        if chosen:
            lines += ["", heading, *(render_change(each.what, each.old, each.new) for each in chosen)]
    return lines
