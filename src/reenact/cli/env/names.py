"""Which environment a word on the command line means."""

from __future__ import annotations

from reenact.environments.shelf import Standing, list_standing
from reenact.errors import RecordError
from reenact.records.files import read_realised
from reenact.records.lookup import find_run
from reenact.run_folder import RunFolder
from reenact.values import NamedTuple
from reenact.world import World

SHORT = 12


class Meant(NamedTuple):
    """An environment by its key: where it stands, if it does, and the run that it was named by, if it was."""

    key: str
    standing: Standing | None
    run: RunFolder | None = None


def get_standing(name: str, world: World) -> Standing:
    """The environment whose key begins with ``name``.

    Raises:
        RecordError: there is none, or several.
    """
    found = find_standing(name, world)
    if found is None:
        raise RecordError(f"there is no environment '{name}'", hint="see them with: reenact env ls")
    return found


def find_standing(name: str, world: World) -> Standing | None:
    """The environment whose key begins with ``name``, or None.

    Raises:
        RecordError: there are several.
    """
    found = [each for each in list_standing(world.home) if name and each.key.startswith(name)]
    if len(found) > 1:
        keys = ", ".join(each.key[: max(SHORT, len(name) + 4)] for each in found)
        raise RecordError(f"'{name}' could mean several environments: {keys}", hint="write more of the key")
    return found[0] if found else None


def get_meant(name: str, world: World) -> Meant:
    """The environment of that key, or of the run that ``name`` means.

    Raises:
        RecordError: nothing is meant, or both a run and another environment.
    """
    standing, run = find_standing(name, world), find_run(name, world)
    if run is None:
        if standing is None:
            raise RecordError(f"there is no environment and no run '{name}'", hint="see them with: reenact env ls")
        return Meant(standing.key, standing)
    realised = read_realised(run)
    if standing is not None and (realised is None or realised.key != standing.key):
        raise RecordError(f"'{name}' could mean an environment or a run", hint="write more of the key, or of the id")
    if realised is None:
        raise RecordError(
            f"run {run.id} has had no environment of its own", hint=f"reenact show {run.id[:8]} says more"
        )
    there = standing or next((each for each in list_standing(world.home) if each.key == realised.key), None)
    return Meant(realised.key, there, run)
