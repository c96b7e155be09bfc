"""``reenact.lock``: write it, or see whether it still answers."""

from __future__ import annotations

import re
from pathlib import Path

from reenact import environments
from reenact.document_cache import find_documents
from reenact.environments.committed import (
    find_stale,
    make_entry,
    read_entries,
    render_entries,
    with_entry,
)
from reenact.environments.packages import list_packages
from reenact.environments.project_lock import list_doubts
from reenact.errors import UsageError
from reenact.files import write_atomic
from reenact.plan import EnvironmentSpec
from reenact.prepare import Request, get_variant
from reenact.project.environment_files import LOCK_FILE, with_own_environment
from reenact.project.load import get_entry_point, load_project
from reenact.project.types import Project
from reenact.values import NamedTuple
from reenact.world import World


class Wanted(NamedTuple):
    """Whose lock: ``root`` is the project's folder, ``file`` the lock's path; ``entry_point`` where a script's own
    environment is meant."""

    root: Path
    file: Path
    entry_point: str | None = None


class Answer(NamedTuple):
    """``stale`` are the lines that kept the file from answering; ``packages`` how many the new environment has."""

    stale: tuple[str, ...]
    packages: int = 0

    def describe(self, name: str) -> str:
        """What was done to the file: ``reenact.lock is written: 3 packages``."""
        return f"{name} is written: {self.packages} package{'' if self.packages == 1 else 's'}"


def check_lock(wanted: Wanted, request: Request, world: World) -> Answer:
    """Whether the lock file answers what the project asks for now. Writes nothing.

    Raises:
        ReenactError: a file of the project is wrong, or the lock is damaged.
    """
    spec = _ask(wanted, request, world)
    doubts = list_doubts(spec, wanted.root, world)
    return Answer((*_find_stale(wanted, spec, world), *(doubt.message for doubt in doubts)))


def write_lock(wanted: Wanted, request: Request, world: World) -> Answer:
    """Make the lock file answer: resolve what it does not answer, or with ``request.upgrade`` in any case.

    The file's other environments stay. A file that answers is not touched.

    Raises:
        ReenactError: a file of the project is wrong, or its environment cannot be resolved.
    """
    spec = _ask(wanted, request, world)
    for doubt in list_doubts(spec, wanted.root, world):
        world.report.found(doubt)
    stale = _find_stale(wanted, spec, world)
    if not stale and not request.upgrade:
        return Answer(())
    found = environments.lock(spec, wanted.root, world, upgrade=request.upgrade)
    entries = read_entries(wanted.file.read_bytes(), world) if wanted.file.is_file() else ()
    entry = make_entry(spec, found, wanted.root, world)
    data = render_entries(with_entry(entries, entry))
    if not wanted.file.is_file() or wanted.file.read_bytes() != data:
        # A link to a lock that several projects share stays one.
        write_atomic(wanted.file.resolve(), data)
    if here := re.search(r"file:///[^\s\"']+", entry.lock):
        world.report.warn(f"{wanted.file.name} names files of this machine, which nobody else has: {here[0]}")
    return Answer(stale or ("--upgrade was given",), len(list_packages(entry.lock)))


def _find_stale(wanted: Wanted, spec: EnvironmentSpec, world: World) -> tuple[str, ...]:
    if not wanted.file.is_file():
        return (f"there is no {wanted.file.name}",)
    return find_stale(read_entries(wanted.file.read_bytes(), world), spec)


def _ask(wanted: Wanted, request: Request, world: World) -> EnvironmentSpec:
    project: Project = load_project(wanted.root, find_documents(world.home), wanted.entry_point)
    if wanted.entry_point is not None:
        project = with_own_environment(project, get_entry_point(project, wanted.entry_point, wanted.root), wanted.root)
    variant = get_variant(request, wanted.root, world)
    spec = environments.ask(project, wanted.root, request.env_manager, world, variant)
    if spec.kind == "system":
        raise UsageError("there is nothing to lock: no environment is made", hint=f"{LOCK_FILE} is for the others")
    if spec.kind == "docker":
        message = f"{LOCK_FILE} is not for containers: the project file itself says which image exactly"
        raise UsageError(message, hint="write the image, or a Dockerfile's FROM, with its digest: name@sha256:...")
    return spec
