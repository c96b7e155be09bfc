"""What a place is told of a run, and what it makes of its command: what the worker starts."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from reenact.hints import TYPE_CHECKING
from reenact.plan import Command, Plan
from reenact.process.guard import Ending
from reenact.process.surroundings import make_environ
from reenact.run_folder import RunFolder
from reenact.values import NamedTuple
from reenact.world import World

if TYPE_CHECKING:
    from reenact.process.fork import Work


class Site(NamedTuple):
    """Where a run is and what it was given.

    ``folder`` is the run folder, ``root`` the root of the source; ``world`` has the variables and the directory of
    whoever asked for the run. ``secrets`` are variables for the command alone. ``terminal`` says that all three of our
    standard streams are a terminal.
    """

    plan: Plan
    folder: Path
    root: Path
    world: World
    secrets: Mapping[str, str] = {}
    terminal: bool = False


class Launch(NamedTuple):
    """A command as it is started on this machine: ``argv`` in ``cwd`` with ``environ`` as all of its environment.

    ``folders`` are made first. ``ending`` ends what the command started elsewhere than below itself, should the command
    be ended. ``before`` and ``after`` are argument lists to be run around it; ``removal`` takes away whatever these
    leave, however the run ends. ``handed`` is the text of a file that these and ``argv`` name as
    :data:`~reenact.process.handed.HANDED`. ``meanings`` say what an exit code stands for where it may not be the
    command's own. ``inline`` begins to do what ``argv`` does, given ``handed``, and gives what does the rest in a fork
    of us, which has no program to load, where that is possible. ``inside`` is what the command finds in its
    environment where that is another one than ``environ``.
    """

    argv: tuple[str, ...]
    cwd: Path
    environ: Mapping[str, str]
    folders: tuple[Path, ...] = ()
    ending: Ending | None = None
    before: tuple[tuple[str, ...], ...] = ()
    after: tuple[tuple[str, ...], ...] = ()
    removal: Ending | None = None
    handed: bytes = b""
    meanings: Mapping[int, str] = {}
    inline: "Callable[[bytes], Work] | None" = None
    inside: Mapping[str, str] | None = None


def launch_here(command: Command, site: Site) -> Launch:
    """``command`` as a program of this machine, which sees the caller's variables."""
    environ = make_environ(site.world, command, site.folder, keep=site.plan.keep, secrets=site.secrets)
    return Launch(command.argv, site.root / command.cwd, environ | make_hook(environ.get("PYTHONPATH"), site))


def make_hook(before: str | None, site: Site) -> dict[str, str]:
    """The variable by which each Python of a traced command loads what watches it; ``before`` is its value else."""
    if site.plan.trace != "python":
        return {}
    return {"PYTHONPATH": os.pathsep.join(filter(None, (str(RunFolder(site.folder).trace_hook), before)))}
