"""``reenact env restore``."""

from __future__ import annotations

from argparse import Namespace

from reenact.cli.console import print_json
from reenact.cli.parser import Parser
from reenact.world import World


class Given(Namespace):
    """The command line's words."""

    run: str
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = "Make the environment of a run exist again, from the lock in its record, and print its folder."
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        default="@",
        complete="runs",
        help="An id or its beginning, or a name; the newest.",
    )
    parser.add_argument("--json", dest="as_json", action="store_true", help="Print it as a JSON object.")


def run(given: Given, world: World) -> int:
    """Make it, or find it made."""
    import os

    from reenact import environments
    from reenact.errors import RecordError
    from reenact.records.files import find_project_folder, read_lock
    from reenact.records.lookup import get_run

    folder = get_run(given.run, world)
    lock = read_lock(folder)
    if lock is None:
        raise RecordError(f"run {folder.id} has had no environment of its own", hint=f"reenact show {folder.id[:8]}")
    inside = environments.enter(lock, find_project_folder(folder), world)
    if inside.held is not None:
        os.close(inside.held)
    if given.as_json:
        print_json({"key": lock.key, "folder": inside.place.path, "made": inside.made})
    else:
        print(inside.place.path)
    return 0
