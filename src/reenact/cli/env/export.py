"""``reenact env export``."""

from __future__ import annotations

import sys

from reenact.cli.given import add_run
from reenact.cli.parser import Namespace, Parser
from reenact.world import World

FORMATS = ("pylock", "requirements", "environment.yml", "dockerfile", "cyclonedx")


class Given(Namespace):
    """The command line's words."""

    run: str
    form: str
    output: str | None


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.epilog = "It is taken from the lock in the run's record: nothing is resolved again."
    add_run(parser)
    parser.add_argument(
        "--format",
        dest="form",
        metavar="FORMAT",
        choices=FORMATS,
        default="pylock",
        help="%(choices)s. [default: %(default)s]",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", complete="files", help="Write it to a file, whole or not at all; - prints it."
    )


def run(given: Given, world: World) -> int:
    """Print or write it."""
    from reenact.environments.export import make_export, render
    from reenact.errors import RecordError
    from reenact.files import write_atomic
    from reenact.records.files import read_lock, read_plan, read_run
    from reenact.records.lookup import get_run

    folder = get_run(given.run, world)
    lock = read_lock(folder)
    if lock is None:
        raise RecordError(f"run {folder.id} has had no environment of its own", hint=f"reenact show {folder.id[:8]}")
    exported = make_export(read_plan(folder).project, folder.id, read_run(folder).created, lock)
    if exported.local:
        names = ", ".join(exported.local)
        world.report.warn(f"named by a path that only this machine has: {names}")
    text = render(exported, given.form)
    if given.output is None or given.output == "-":
        sys.stdout.write(text)
    else:
        write_atomic(world.cwd / given.output, text.encode())
    return 0
