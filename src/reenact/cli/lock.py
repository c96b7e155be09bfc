"""``reenact lock``: write the exact packages of a project's environment beside its files, for the author to commit."""

from __future__ import annotations

from pathlib import Path

from reenact.cli.given import add_project, add_yes
from reenact.cli.parser import Namespace, Parser
from reenact.cli.resolve import fetching
from reenact.cli.run import add_choice_of_packages
from reenact.errors import ProjectError, UsageError
from reenact.locking import Answer, Wanted, check_lock, write_lock
from reenact.plan import Snapshot
from reenact.prepare import Request
from reenact.project.environment_files import LOCK_FILE
from reenact.sources.path import find_path
from reenact.world import World


class Given(Namespace):
    """The command line's words."""

    uri: str
    version: str | None
    entry_point: str | None
    check: bool
    upgrade: bool
    env_manager: str | None
    as_of: str | None
    accelerator: str | None
    output: str | None
    yes: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = f"Write {LOCK_FILE}: the exact packages of a project's environment, for this platform."
    add_project(parser)
    parser.add_argument(
        "-e", "--entry-point", metavar="NAME", complete="entry points", help="A script with a header of its own."
    )
    parser.add_argument(
        "--check", action="store_true", help=f"Write nothing; end with {ProjectError.exit_code} if it is stale."
    )
    parser.add_argument(
        "--upgrade", action="store_true", help="Resolve the environment anew, to the newest versions that fit."
    )
    parser.add_argument("--env-manager", metavar="NAME", help="uv or conda; by default what the project asks for.")
    add_choice_of_packages(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        complete="files",
        help="Where to write it, for a project that is not a folder here.",
    )
    add_yes(parser)


def run(given: Given, world: World) -> int:
    """Write or check the lock."""
    request = Request(
        given.uri,
        env_manager=given.env_manager,
        upgrade=given.upgrade,
        as_of=given.as_of,
        accelerator=given.accelerator,
    )
    with fetching(given.uri, given.version, world) as fetched:
        root = fetched.root / fetched.snapshot.subdirectory
        if not given.check:
            _expect_agreement(fetched.snapshot, world, yes=given.yes)
        wanted = Wanted(root, _find_place(given, root, world), given.entry_point)
        answer = check_lock(wanted, request, world) if given.check else write_lock(wanted, request, world)
        return _tell(answer, wanted.file, check=given.check)


def _expect_agreement(source: Snapshot, world: World, *, yes: bool) -> None:
    """To resolve is to run what builds packages, where one is not built yet or says only then what it needs."""
    from reenact.cli.trust import describe_source, find_ground
    from reenact.trust import find_subject

    subject = find_subject(source)
    if subject is not None:
        facts = [*describe_source(source), ("to be run", "what its packages need to be built")]
        find_ground(subject, facts, world, yes=yes)


def _find_place(given: Given, root: Path, world: World) -> Path:
    if given.output is not None:
        return world.cwd / given.output
    here = find_path(given.uri.partition("#")[0] or ".", world)
    if given.version is not None or here is None or not root.is_relative_to(here):
        raise UsageError(
            f"{given.uri} is fetched, and has no place for a {LOCK_FILE}", hint="name a file: --output FILE"
        )
    return root / LOCK_FILE


def _tell(answer: Answer, file: Path, *, check: bool) -> int:
    if not answer.stale:
        print(f"{file.name} answers what is asked for")
        return 0
    if check:
        print("\n".join((f"{file.name} is stale", *(f"  {line}" for line in answer.stale))))
        return ProjectError.exit_code
    print(answer.describe(file.name))
    return 0
