"""``reenact verify``: a recorded run again, and whether it comes out the same."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from reenact.cli.console import print_json
from reenact.cli.given import add_json, add_repeated_run, add_yes
from reenact.cli.parser import Namespace, Parser, at_least
from reenact.errors import StorageError, UsageError
from reenact.hints import TYPE_CHECKING
from reenact.project.diagnostics import visible
from reenact.world import World

if TYPE_CHECKING:
    from reenact.prepare import Prepared
    from reenact.records.types import Record
    from reenact.reproduce.calibrate import Calibration
    from reenact.reproduce.verify import Trial, Verification
    from reenact.run_folder import RunFolder

DEFAULT_TIMES = 1
CALIBRATING_TIMES = 5


class Given(Namespace):
    """The command line's words."""

    run: str
    times: int | None
    calibrate: bool
    deterministic: bool
    freeze: str | None
    as_json: bool
    yes: bool
    junit: str | None
    markdown: str | None


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = (
        "Run a recorded run again and judge every result: the outputs and metrics that the project declares, and all "
        "that lies in the run's artifacts."
    )
    parser.epilog = (
        "Ends with 0 for PASS, with 1 for FAIL: a result differs although nothing else does, and with 75 for "
        "INCONCLUSIVE: something around the run differs too, or something could not be compared."
    )
    add_repeated_run(parser)
    parser.add_argument(
        "-n", "--times", type=at_least(1), metavar="N", help="Run it N times; each has to hold. [default: 1]"
    )
    parser.add_argument(
        "--calibrate",
        action="store_true",
        help="Run it N times (5) and print the tolerances that its results need, for the project file.",
    )
    parser.add_argument(
        "--deterministic", action="store_true", help="Set the variables that make common libraries repeat."
    )
    parser.add_argument(
        "--freeze", metavar="FILE", complete="files", help="Run nothing; write a test for pytest that does."
    )
    add_yes(parser)
    add_json(parser, "Print all that was found as JSON.")
    parser.add_argument("--junit", metavar="FILE", complete="files", help="Write a report in JUnit's XML.")
    parser.add_argument("--markdown", metavar="FILE", complete="files", help="Write a report in Markdown.")


def run(given: Given, world: World) -> int:
    """Judge, tell, and say by the exit code."""
    from reenact.records.files import read_record
    from reenact.records.life import settle
    from reenact.records.lookup import get_run

    folder = get_run(given.run, world)
    record = read_record(folder)._replace(run=settle(folder, world))
    running = "--calibrate" if given.calibrate else "--deterministic" if given.deterministic else None
    if running and given.freeze:
        raise UsageError(f"{running} runs the project and --freeze does not: give one of them")
    if given.freeze is not None:
        return _freeze(record, Path(given.freeze), world)
    agree = partial(_agree, folder, world, given.yes)
    if given.deterministic:
        from reenact.determinism import PROMISED, render_limits

        world.report.note(render_limits(record.plan.determinism or PROMISED))
    if given.calibrate:
        from reenact.reproduce.calibrate import calibrate

        times = given.times or CALIBRATING_TIMES
        proposed = calibrate(record, world, times, agree, deterministic=given.deterministic)
        return _calibrate(proposed, as_json=given.as_json)
    from reenact.reproduce.verify import EXIT_CODES, verify

    found = verify(record, world, given.times or DEFAULT_TIMES, agree, deterministic=given.deterministic)
    if given.junit is not None or given.markdown is not None:
        from reenact.reproduce.reports import render_junit, render_markdown

        for file, render in ((given.junit, render_junit), (given.markdown, render_markdown)):
            if file is not None:
                _write(Path(file), render(found), world)
    if given.as_json:
        from reenact.reproduce.reports import make_plain

        print_json(make_plain(found))
    else:
        print("\n".join(render_verification(found)))
    return EXIT_CODES[found.verdict]


def render_verification(found: Verification) -> list[str]:
    """The verdict with its reason, then each repetition, result by result."""
    lines = [f"{found.verdict}  run {found.run[:8]}: {_indent(found.reason, 2)}"]
    for trial in found.trials:
        lines += ["", *_render_trial(trial)]
    return lines


def _render_trial(trial: Trial) -> list[str]:
    from reenact.reproduce.results import name_result

    lines = [f"repeated as run {trial.run[:8]}" if trial.run else "not repeated"]
    if trial.problem:
        lines.append(f"  {_indent(trial.problem, 2)}")
    for each in trial.judged:
        lines.append(f"  {each.judgement.verdict:<16}  {visible(name_result(each))}")
        if each.judgement.difference:
            lines.append(f"{' ' * 20}{_indent(each.judgement.difference, 20)}")
    if trial.changes:
        lines.append("  not the same around it:")
        lines += [f"    {visible(change.render())}" for change in trial.changes]
    return lines


def _indent(text: str, width: int) -> str:
    return f"\n{' ' * width}".join(map(visible, text.split("\n")))


def _write(path: Path, text: str, world: World) -> None:
    """Put a report where the caller wants it, which may be a pipe.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        (world.cwd / path).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as problem:
        raise StorageError(f"cannot write {path}: {problem.strerror}") from problem


def _agree(folder: RunFolder, world: World, yes: bool, prepared: Prepared) -> None:
    """See that code from elsewhere may run.

    Raises:
        TrustError: it may not.
    """
    from reenact.cli.trust import expect_agreement, find_bundle

    expect_agreement(prepared, world, yes=yes, bundle=find_bundle(folder))


def _calibrate(found: Calibration, *, as_json: bool) -> int:
    from reenact.codec import to_plain
    from reenact.reproduce.calibrate import render_calibration
    from reenact.reproduce.reports import without_infinity

    if as_json:
        print_json(without_infinity(to_plain(found)))
    else:
        sys.stdout.write(render_calibration(found))
    return 0


def _freeze(record: Record, path: Path, world: World) -> int:
    from reenact.reproduce.freeze import freeze, render_test

    target = world.cwd / path
    _write(path, render_test(freeze(record, target, world)), world)
    world.report.note(f"written to {path}; run it with: python -m pytest {path}")
    return 0
