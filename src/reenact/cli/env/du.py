"""``reenact env du``."""

from __future__ import annotations

from reenact.cli.console import print_json
from reenact.cli.given import add_json
from reenact.cli.parser import Namespace, Parser
from reenact.cli.table import render_size
from reenact.world import World


class Given(Namespace):
    """The command line's words."""

    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = (
        "Show how much of the disk environments use, each file counted once however many links lead to it."
    )
    add_json(parser, "Print it as a JSON object, in bytes.")


def run(given: Given, world: World) -> int:
    """Print the sizes."""
    from reenact.environments.disk import Census
    from reenact.environments.shelf import list_standing

    home = world.home
    folders = [each.folder for each in list_standing(home)]
    census = Census(folders)
    sizes = {
        "environments": len(folders),
        "total": census.total,
        "shared": census.shared,
        "unshared_total": sum(census.measure(folder).whole for folder in folders),
        "linked_from_elsewhere": census.outside,
        "locks": Census([home.locks]).total,
        "folders": Census([home.shared]).total,
        "trees": Census([home.trees]).total,
        "objects": Census([home.objects]).total,
    }
    if given.as_json:
        print_json(sizes)
        return 0
    lines = (
        ("environments", f"{render_size(sizes['total'])} in {len(folders)}"),
        ("  shared", f"{render_size(sizes['shared'])} by two of them or more"),
        (
            "  elsewhere too",
            f"{render_size(sizes['linked_from_elsewhere'])} linked from a cache, not freed by a deletion",
        ),
        ("  as copies", f"{render_size(sizes['unshared_total'])} they would be"),
        ("lock records", render_size(sizes["locks"])),
        ("shared folders", render_size(sizes["folders"])),
        ("local code", render_size(sizes["trees"])),
        ("code of runs", render_size(sizes["objects"])),
    )
    print("\n".join(f"{label:<16} {text}" for label, text in lines))
    return 0
