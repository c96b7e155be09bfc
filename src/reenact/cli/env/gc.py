"""``reenact env gc``."""

from __future__ import annotations

from reenact.cli.console import print_json
from reenact.cli.given import add_json
from reenact.cli.parser import Namespace, Parser
from reenact.cli.table import render_age, render_size
from reenact.size_limit import parse_size
from reenact.world import World

_REASONS = {"unfinished": "never finished", "old": "not used lately", "size": "least recently used"}
_ABOUT = """\
Without options only leftovers go: what was never finished, lock records that cannot be used any more, copies of
local code that nothing refers to, code of runs that are gone. An environment that a living run is inside of stays.
What goes is made again from its lock when a run needs it. Mirrors of repositories and the cache of uv are left
alone."""


class Given(Namespace):
    """The command line's words."""

    max_size: str | None
    older_than: str | None
    keep: bool
    dry_run: bool
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = "Delete environments, least recently used first, as far as the options say."
    parser.epilog = _ABOUT
    parser.add_argument(
        "--max-size", metavar="SIZE", help="Until all together use no more than that on disk: 20G, 500M."
    )
    parser.add_argument("--older-than", metavar="AGE", help="What was not used since then: 30d, 12h, or 2026-11-23.")
    parser.add_argument("--keep", action="store_true", help="Never what a recorded run was made in.")
    parser.add_argument("-n", "--dry-run", action="store_true", help="Say what would go, and stop.")
    add_json(parser, "Print what went as a JSON object; sizes in bytes.")


def run(given: Given, world: World) -> int:
    """Delete them."""
    from reenact.environments.collect import Limits
    from reenact.environments.sweep import find_leftovers, sweep
    from reenact.records.filter import parse_moment
    from reenact.sources.capture.sweep import sweep_code

    before = parse_moment(given.older_than, world.now()) if given.older_than else None
    limits = Limits(parse_size(given.max_size) if given.max_size else None, before, given.keep)
    leftovers = find_leftovers(limits, world)
    code = 0
    if not given.dry_run:
        leftovers, code = sweep(leftovers, world), sweep_code(world)
    if given.as_json:
        print_json({"dry_run": given.dry_run, **leftovers.as_plain(), "code": code})
        return 0
    for each in leftovers.environments:
        age = render_age(world.now() - each.used)
        print(f"{each.key[:12]}  {_REASONS[each.why]}, {age}: frees {render_size(each.freed)}")
    counts = (
        ("lock record", len(leftovers.locks)),
        ("copy of local code", len(leftovers.trees)),
        ("conda package", len(leftovers.packages)),
        ("kept file", len(leftovers.artifacts)),
        ("shared folder", len(leftovers.shared)),
        ("leftover", len(leftovers.trash)),
    )
    parts = [f"{len(leftovers.environments)} environments", *(f"{n} × {name}" for name, n in counts if n)]
    print(f"{'would delete' if given.dry_run else 'deleted'} {', '.join(parts)}; {render_size(leftovers.freed)}")
    if code:
        print(f"deleted the code of runs that are gone; {render_size(code)}")
    _tell_of_the_rest(leftovers.left, limits.size, world)
    return 0


def _tell_of_the_rest(left: int, wanted: int | None, world: World) -> None:
    if wanted is not None and left > wanted:
        world.report.warn(
            f"{render_size(left)} are left, more than {render_size(wanted)}: in use, or kept for recorded runs"
        )
