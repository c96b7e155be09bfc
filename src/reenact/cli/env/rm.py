"""``reenact env rm``."""

from __future__ import annotations

from reenact.cli.console import print_json
from reenact.cli.given import add_json
from reenact.cli.parser import Namespace, Parser
from reenact.errors import StorageError
from reenact.world import World


class Given(Namespace):
    """The command line's words."""

    keys: list[str]
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.epilog = "Their runs stay, with the locks from which they are made again when they are needed."
    parser.add_argument("keys", metavar="KEY", nargs="+", help="The key of an environment, or its beginning.")
    add_json(parser, "The keys of what was deleted.")


def run(given: Given, world: World) -> int:
    """Delete them."""
    from reenact.cli.env.names import get_standing
    from reenact.environments.shelf import is_used, take_away

    # All of them are looked up before the first goes.
    chosen = list({each.key: each for each in (get_standing(key, world) for key in given.keys)}.values())
    used = [each.key for each in chosen if is_used(each.folder)]
    for each in chosen:
        if used or not take_away(each.folder):
            keys_shown = ", ".join(key[:12] for key in used or [each.key])
            raise StorageError(
                f"a run is inside or making it: environment {keys_shown}", hint="see which: reenact ls --state running"
            )
        if not given.as_json:
            print(each.key)
    if given.as_json:
        print_json([each.key for each in chosen])
    return 0
