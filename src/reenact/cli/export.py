"""``reenact export``."""

from __future__ import annotations

from pathlib import Path

from reenact.cli.console import print_json
from reenact.cli.given import add_json, add_run
from reenact.cli.parser import Namespace, Parser
from reenact.cli.table import render_size
from reenact.project.diagnostics import visible
from reenact.world import World


class Given(Namespace):
    """The command line's words."""

    run: str
    output: str | None
    with_packages: bool
    with_inputs: bool
    with_outputs: bool
    sign: str | None
    check_crate: bool
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = "Write a run's record and code to one file, from which reenact import makes the run elsewhere."
    parser.epilog = "The same run gives the same bytes, whenever and wherever it is exported."
    add_run(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", complete="files", help="Where to write it. [default: run-ID.tar.zst]"
    )
    parser.add_argument(
        "--with-packages", action="store_true", help="With the environment's packages, to be run without network."
    )
    parser.add_argument("--with-inputs", action="store_true", help="With the inputs that the project declares.")
    parser.add_argument("--with-outputs", action="store_true", help="With what the run left.")
    parser.add_argument(
        "--sign", metavar="KEY", complete="files", help="Sign it with a private key: Ed25519, in a PEM file."
    )
    parser.add_argument(
        "--check-crate",
        action="store_true",
        help="Refuse to write what is no Workflow Run RO-Crate to the library rocrate.",
    )
    add_json(parser, "Print an object that describes the file.")


def run(given: Given, world: World) -> int:
    """Write the bundle, and say what was written."""
    from reenact.records.lookup import get_run
    from reenact.reproduce.bundle.contents import Wanted
    from reenact.reproduce.bundle.exporting import export

    folder = get_run(given.run, world)
    target = world.cwd / (given.output or f"run-{folder.id[:8]}.tar.zst")
    wanted = Wanted(given.with_packages, given.with_inputs, given.with_outputs, given.check_crate)
    key: Path | None = world.cwd / given.sign if given.sign else None
    exported = export(folder, wanted, target, key, world)
    if given.as_json:
        print_json({**exported._asdict(), "file": str(exported.file), "run": folder.id, "signed": key is not None})
    else:
        print(f"{visible(str(target))}  {render_size(exported.size)}, {exported.members} members")
    return 0
