"""``reenact import``."""

from __future__ import annotations

import re

from reenact.cli.console import print_json
from reenact.cli.parser import Namespace, Parser
from reenact.errors import UsageError
from reenact.world import World

_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}


class Given(Namespace):
    """The command line's words."""

    file: str
    verify_key: str | None
    max_size: str
    allow_links: bool
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
    parser.add_argument("--json", dest="as_json", action="store_true", help="Print an object that describes the run.")


def run(given: Given, world: World) -> int:
    """Import it, and print the run's id."""
    from reenact.reproduce.bundle.importing import Terms, import_bundle

    key = world.cwd / given.verify_key if given.verify_key else None
    received = import_bundle(world.cwd / given.file, Terms(key, parse_size(given.max_size), given.allow_links), world)
    if received.known:
        world.report.note(f"run {received.run[:8]} is here already, and is as it was")
    if given.as_json:
        print_json(received)
    else:
        print(received.run)
    return 0


def parse_size(text: str) -> int:
    """Bytes from ``800MB``, ``20G``, ``1.5 TB``.

    Raises:
        UsageError: another form.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", text.strip().lower())
    if match is None:
        raise UsageError(f"'{text}' is no size", hint="for example 20GB")
    return int(float(match[1]) * _UNITS[match[2]])
