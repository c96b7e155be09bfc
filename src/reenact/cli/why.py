"""``reenact why``: the smallest change that explains why two runs came out different."""

from __future__ import annotations

import sys

from reenact.cli.console import ask, print_json
from reenact.cli.given import add_json
from reenact.cli.parser import Namespace, Parser
from reenact.cli.table import render_change, render_duration
from reenact.errors import UsageError
from reenact.hints import TYPE_CHECKING
from reenact.project.diagnostics import visible
from reenact.records.files import read_record
from reenact.records.lookup import get_run
from reenact.run_folder import RunFolder
from reenact.world import World

if TYPE_CHECKING:
    from reenact.reproduce.why.factors import Unit
    from reenact.reproduce.why.story import Estimate, Explanation, Trial

EXIT_CODES = {"same": 0, "explained": 0, "varies": 1, "unexplained": 1}
MOST_SHOWN = 20


class Given(Namespace):
    """The command line's words."""

    old: str
    new: str
    most: int
    dry_run: bool
    yes: bool
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = (
        "Find out why two runs came out different: run the first again with one difference of the second at a time, "
        "and name the smallest change that makes it come out as the second. Every trial is kept as a run."
    )
    parser.epilog = "The exit code is 0 where the difference is explained, 1 where it is not."
    parser.add_argument("old", metavar="A", complete="runs", help="The run that came out as it should.")
    parser.add_argument("new", metavar="B", complete="runs", help="The run that came out different.")
    parser.add_argument("--most", type=int, default=100, metavar="N", help="The most trials. [default: %(default)s]")
    parser.add_argument("--dry-run", action="store_true", help="Say what would be tried and what it costs, and stop.")
    parser.add_argument("-y", "--yes", action="store_true", help="Do not ask first.")
    add_json(parser, "Print the answer as a JSON object.")


def run(given: Given, world: World) -> int:
    """Try, and print what was found."""
    from reenact.reproduce.why.story import Means, estimate, explain

    if given.most < 1:
        raise UsageError("--most: at least one trial is needed")
    folders = [get_run(name, world) for name in (given.old, given.new)]
    old, new = map(read_record, folders)
    plan = estimate(old, new, world)
    if given.dry_run and given.as_json:
        print_json(plan)
        return 0
    print(render_estimate(plan), file=sys.stdout if given.dry_run else sys.stderr, flush=True)
    if given.dry_run:
        return 0
    if not given.yes and sys.stdin.isatty() and sys.stderr.isatty() and not ask("go on?"):
        return 0
    for folder in folders:
        _expect_agreement(folder, world, yes=given.yes)
    means = Means(given.most, told=lambda trial: world.report.note(_render_trial(trial)))
    found = explain(old, new, world, means)
    if given.as_json:
        print_json(found)
    else:
        print(render_explanation(found))
    return EXIT_CODES[found.finding]


def _expect_agreement(folder: RunFolder, world: World, *, yes: bool) -> None:
    from reenact.cli.trust import expect_agreement_to_record

    expect_agreement_to_record(folder, world, yes=yes)


def render_estimate(plan: Estimate) -> str:
    """What differs and can be tried, and what that costs."""
    lines = []
    for factor in dict.fromkeys(unit.factor for unit in plan.units):
        units = [unit for unit in plan.units if unit.factor == factor]
        lines.append(f"{factor}: {len(units)} difference{'s' * (len(units) > 1)}, {_name(tuple(units))}")
    lines += [f"{visible(change.what)} differs too, and cannot be tried" for change in plan.untried]
    lines += [f"there are {plan.commits} commits between the two"] * (plan.commits > 1)
    lines = lines or ["nothing that can be tried differs"]
    took = f", about {render_duration(plan.seconds)} each" if plan.seconds else ""
    return "\n".join([*lines, f"one cause takes up to {plan.trials} trials{took}; each is kept as a run"])


def _render_trial(trial: Trial) -> str:
    words = {"old": "comes out as the first", "new": "comes out as the second", "other": "comes out as neither"}
    outcome = words.get(trial.outcome, "its environment cannot be made")
    what = "nothing" if not trial.units else _name(trial.units)
    return f"the first run with {what} of the second: {outcome}"


def _name(units: tuple[Unit, ...]) -> str:
    names = [visible(unit.describe()) for unit in units[:3]]
    return ", ".join(names) + (f" and {len(units) - 3} more" if len(units) > 3 else "")


def render_explanation(found: Explanation) -> str:
    """The answer, the changes that are the cause, and what could not be tried."""
    lines = [found.reason, *(render_change(*change) for change in found.changes[:MOST_SHOWN])]
    if found.commit:
        lines.append(f"it came with commit {visible(found.commit)}")
    if found.patch:
        lines += ["", *map(visible, found.patch.splitlines())]
    if found.finding != "explained":
        lines += [f"not tried, for nobody kept what it was: {visible(change.what)}" for change in found.untried]
    if found.differing:
        lines += ["", f"what came out different: {', '.join(map(visible, found.differing))}"]
    return "\n".join(lines)
