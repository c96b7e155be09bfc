"""``reenact env restore``."""

from __future__ import annotations

from pathlib import Path

from reenact.cli.console import print_json
from reenact.cli.given import add_json, add_run, add_yes
from reenact.cli.parser import Namespace, Parser
from reenact.hints import TYPE_CHECKING
from reenact.world import World

if TYPE_CHECKING:
    from reenact.plan import EnvironmentLock
    from reenact.run_folder import RunFolder


class Given(Namespace):
    """The command line's words."""

    run: str
    yes: bool
    as_json: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = (
        "Make the environment of a run exist again, from the lock in its record, and print its folder. Where it could"
        " not be made, the steps that failed are repeated."
    )
    add_run(parser)
    add_yes(parser)
    add_json(parser)


def run(given: Given, world: World) -> int:
    """Make it, or find it made."""
    import os

    from reenact import environments
    from reenact.cli.trust import expect_agreement_to_record
    from reenact.records.files import find_project_folder, read_lock
    from reenact.records.lookup import get_run

    folder = get_run(given.run, world)
    # A package that is not built yet runs what builds it.
    expect_agreement_to_record(folder, world, yes=given.yes)
    project = find_project_folder(folder)
    lock = read_lock(folder) or _lock_again(folder, project, world)
    inside = environments.enter(lock, project, world)
    if inside.held is not None:
        os.close(inside.held)
    if given.as_json:
        print_json({"key": lock.key, "folder": inside.place.path, "made": inside.made})
    elif inside.place.path is not None:
        print(inside.place.path)
    return 0


def _lock_again(folder: RunFolder, project: Path, world: World) -> EnvironmentLock:
    """What the run would have been made in, had its environment been made."""
    from reenact import environments
    from reenact.errors import RecordError
    from reenact.plan import RecordedLock, SystemSpec
    from reenact.records.files import read_given_lock, read_plan

    plan = read_plan(folder)
    if isinstance(plan.environment, SystemSpec):
        raise RecordError(f"run {folder.id} has had no environment of its own", hint=f"reenact show {folder.id[:8]}")
    if isinstance(plan.lock, RecordedLock):
        return read_given_lock(folder)
    return environments.lock(plan.environment, project, world, upgrade=plan.upgrade, committed=plan.lock)
