"""What a run needs around it. An environment is a module with four functions:

``ask(project: Project, root: Path, world: World) -> EnvironmentSpec``
    Read the files that define it, below ``root``, and say what they ask for. Reads; makes nothing.
``lock(spec, root: Path, world: World, *, upgrade: bool = False) -> EnvironmentLock``
    Resolve it to exact artifacts. What was resolved before for the same asked identity is used again until
    ``upgrade``; then nothing is started and nothing asked of the network.
``realise(lock: EnvironmentLock, root: Path, world: World) -> Place``
    Make it exist, once, whoever else tries at the same time; a place that exists is returned at once.
``wrap(command: Command, place: Place) -> Command``
    The command as it has to be started inside. Pure.
"""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where a realised environment is; ``path`` is None where there is nothing to be inside of."""

    kind: str
    path: str | None = None
