"""``reenact import``."""

from __future__ import annotations

from reenact.cli.console import print_json
from reenact.cli.given import add_json
from reenact.cli.parser import Namespace, Parser
from reenact.size_limit import parse_size
from reenact.world import World


class Given(Namespace):
    """The command line's words."""

    file: str
    verify_key: str | None
    max_size: str
    allow_links: bool
    check_crate: bool
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = "Make the run in a bundle one of ours. Everything in it is checked, and nothing of it is run."
    parser.add_argument("file", metavar="FILE", complete="files", help="What reenact export wrote.")
    parser.add_argument(
        "--verify-key",
        metavar="KEY",
        complete="files",
        help="Refuse it unless it is signed with the private half of this key.",
    )
    parser.add_argument(
        "--max-size", metavar="SIZE", default="64GB", help="Refuse it if it unpacks to more. [default: %(default)s]"
    )
    parser.add_argument(
        "--allow-links", action="store_true", help="Take links that lead out of it, as to data on its machine."
    )
    parser.add_argument(
        "--check-crate", action="store_true", help="Refuse it if it is no Workflow Run RO-Crate to the library rocrate."
    )
    add_json(parser, "Print an object that describes the run.")


def run(given: Given, world: World) -> int:
    """Import it, and print the run's id."""
    from reenact.reproduce.bundle.importing import Terms, import_bundle

    key = world.cwd / given.verify_key if given.verify_key else None
    terms = Terms(key, parse_size(given.max_size), given.allow_links, given.check_crate)
    received = import_bundle(world.cwd / given.file, terms, world)
    if received.known:
        world.report.note(f"run {received.run[:8]} is here already, and is as it was")
    if given.as_json:
        print_json(received)
    else:
        print(received.run)
    return 0
