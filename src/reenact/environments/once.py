"""To resolve once and to make once, whoever asks: what the kinds share whose environments stand in our home.

``locks/FAMILY/ASKED.json`` keeps what a request resolved to. A family is the same request whatever its local code
holds, so that an edit of the code keeps the versions of everything else. ``environments/KEY/`` is the environment of a
lock, whole when it holds the marker that was put there last. That is looked at on every run and is here; where it is
not there, each of these kinds has two modules, imported when there is something to do:

``resolve.resolve(spec, bench: Workbench, *, upgrade: bool) -> EnvironmentLock``
    Resolve it, in the folder of its family, which nobody else works in meanwhile.
``build.build(lock, bench: Workbench) -> Marker``
    Make it in its own folder, or wait for whoever is making it.
"""

import os
from importlib import import_module
from pathlib import Path

from blake3 import blake3

from reenact.codec import canonical, encode
from reenact.environments import KINDS, Place
from reenact.environments.marker import Marker, find_marker
from reenact.files import find_kept, make_folder, write_atomic
from reenact.files import lock as locked
from reenact.plan import CondaSpec, EnvironmentLock, PythonSpec
from reenact.values import NamedTuple
from reenact.world import World


class Asked(NamedTuple):
    """The asked identity of an environment on this machine: whole, and without the content of local code."""

    key: str
    family: str


def make_identity(wanted: object, content: object) -> Asked:
    """The identity of a request: what is ``wanted``, and the ``content`` that it is wanted with."""
    family = blake3(canonical(wanted))
    whole = family.copy()
    whole.update(canonical(content))
    return Asked(whole.hexdigest(), family.hexdigest())


def find_or_resolve(
    spec: PythonSpec | CondaSpec, asked: Asked, root: Path, world: World, *, upgrade: bool
) -> EnvironmentLock:
    """What was resolved before for ``asked``, until ``upgrade``; else what ``spec`` resolves to, kept from now on."""
    path = world.home.locks / asked.family[:32] / f"{asked.key}.json"
    found = None if upgrade else find_lock(path)
    if found is None:
        found = _resolve(spec, path, root, world, upgrade=upgrade)
    elif spec.kind == "python" and spec.origin is None:
        # It is the lock of everybody who says nothing, and whoever resolved it was told of other files.
        for passed_over in spec.notes:
            world.report.note(passed_over)
    for note in found.notes:
        world.report.warn(note)
    return found


def find_lock(path: Path) -> EnvironmentLock | None:
    """The lock that is kept at ``path``, None if there is none, or the interpreter that it stands on is gone."""
    found = find_kept(EnvironmentLock, path)
    return found if found and (found.interpreter is None or os.access(found.interpreter, os.X_OK)) else None


def _resolve(spec: PythonSpec | CondaSpec, path: Path, root: Path, world: World, *, upgrade: bool) -> EnvironmentLock:
    """The same under the family's lock: whoever asks for it meanwhile waits and shares it."""
    from reenact.environments.place import Workbench

    family = make_folder(path.parent)
    with locked(family / ".lock") as descriptor:
        found = None if upgrade else find_lock(path)
        if found is None:
            for note in spec.notes:
                world.report.note(note)
            bench = Workbench(family, root, world, (descriptor,))
            try:
                found = import_module(f"{KINDS[spec.kind]}.resolve").resolve(spec, bench, upgrade=upgrade)
            finally:
                world.report.done()
            write_atomic(path, encode(found))
    return found


def find_or_make(lock: EnvironmentLock, proof: str, root: Path, world: World) -> Place:
    """The environment of ``lock``, made if it is not there, or has lost its ``proof`` (:func:`find_marker`)."""
    folder = world.home.environments / lock.key
    marker = find_marker(folder, lock.key, proof) or _make(lock, folder, root, world)
    return Place(lock.kind, str(folder), {**marker.variables, **lock.variables}, marker.programs)


def _make(lock: EnvironmentLock, folder: Path, root: Path, world: World) -> Marker:
    from reenact.environments.place import Workbench

    made: Marker = import_module(f"{KINDS[lock.kind]}.build").build(lock, Workbench(folder, root, world))
    return made
