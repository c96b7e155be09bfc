"""``reenact env show``."""

from __future__ import annotations

from pathlib import Path

from reenact.cli.console import print_json
from reenact.cli.given import add_json
from reenact.cli.parser import Namespace, Parser
from reenact.cli.table import Column, find_width, parse_timestamp, render_age, render_size, render_table
from reenact.hints import TYPE_CHECKING
from reenact.project.diagnostics import visible
from reenact.world import World

if TYPE_CHECKING:
    from reenact.cli.env.names import Meant
    from reenact.environments.packages import Package


class Given(Namespace):
    """The command line's words."""

    name: str
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = (
        "Show an environment: its packages with their versions and where they come from, its lock, its runs."
    )
    parser.add_argument(
        "name",
        metavar="KEY|RUN",
        nargs="?",
        default="@",
        complete="runs",
        help="The beginning of its key, or a run; the newest.",
    )
    add_json(parser)


def run(given: Given, world: World) -> int:
    """Print it."""
    from reenact.cli.env.names import get_meant
    from reenact.environments.disk import Census
    from reenact.environments.packages import list_packages
    from reenact.records.history import list_realised

    meant = get_meant(given.name, world)
    standing, lock = meant.standing, find_lock_file(meant)
    packages = list_packages(lock.read_text("utf-8")) if lock else ()
    runs = [folder.id for folder, realised in list_realised(world) if realised.key == meant.key]
    size = Census([standing.folder]).measure(standing.folder) if standing else None
    if given.as_json:
        print_json(
            {
                "key": meant.key,
                "standing": standing is not None and standing.whole,
                "folder": str(standing.folder) if standing else None,
                "kind": standing.kind if standing else None,
                "python": standing.python if standing else None,
                "made": standing.made if standing else None,
                "size": size.whole if size else None,
                "own": size.own if size else None,
                "lock": str(lock) if lock else None,
                "runs": runs,
                "packages": packages,
            }
        )
        return 0
    lines = [("environment", meant.key)]
    if standing is None or size is None:
        lines.append(("folder", "none: it was deleted; a run makes it again from its lock"))
    else:
        made = f"{render_age(world.now() - parse_timestamp(standing.made))}, " if standing.made else ""
        lines += [
            ("kind", standing.kind + (f", Python {visible(standing.python)}" if standing.python else "")),
            ("made", f"{made}last used {render_age(world.now() - standing.used)}"),
            ("size", f"{render_size(size.whole)}, {render_size(size.own)} of it shared with nothing"),
            ("folder", visible(str(standing.folder))),
        ]
    lines.append(("lock", visible(str(lock)) if lock else "none"))
    lines.append(("runs", ", ".join(run[:8] for run in runs) or "none that is recorded"))
    print("\n".join(f"{label:<13} {text}" for label, text in lines))
    if packages:
        print()
        print("\n".join(render_packages(packages)))
    return 0


def find_lock_file(meant: Meant) -> Path | None:
    """The lock of the environment: the one that stands in it, else the one in the record of the run."""
    for path in (meant.standing and meant.standing.lock_file, meant.run and meant.run.environment_lock):
        if path and path.is_file():
            return path
    return None


def render_packages(packages: tuple[Package, ...]) -> list[str]:
    """A table of them."""
    columns = [Column("PACKAGE"), Column("VERSION"), Column("FROM", gives_way=True)]
    rows = [
        (
            visible(each.name),
            visible(f"{each.version}={each.build}" if each.build else each.version or "-"),
            visible(each.direct if each.kind == "pypi" and each.direct else each.origin),
        )
        for each in packages
    ]
    return render_table(columns, rows, find_width())
