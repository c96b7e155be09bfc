"""No environment: the command sees the programs that the caller sees."""

from __future__ import annotations

from pathlib import Path

from reenact.environments import Place
from reenact.environments.launch import Launch, Site, launch_here
from reenact.plan import Command, EnvironmentLock, SystemSpec
from reenact.project.types import Project
from reenact.world import World


def ask(project: Project, root: Path, manager: str | None, world: World) -> SystemSpec:
    """Nothing is asked for."""
    return SystemSpec()


def lock(spec: SystemSpec, root: Path, world: World, *, upgrade: bool = False) -> EnvironmentLock:
    """Nothing to resolve."""
    return EnvironmentLock("system")


def realise(lock: EnvironmentLock, root: Path, world: World) -> Place:
    """Nothing to make."""
    return Place("system")


def wrap(command: Command, place: Place, site: Site) -> Launch:
    """The command as it is."""
    return launch_here(command, site)
