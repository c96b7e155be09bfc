"""What a container is made with, whoever asks the engine for it."""

from __future__ import annotations

from collections.abc import Mapping

from reenact.environments.docker.mounts import Mount
from reenact.values import NamedTuple


class Parts(NamedTuple):
    """A container as it is to be made, from the image with the id ``image``.

    ``words`` run in it, by ``entrypoint`` where that is not the image's. ``variables`` are set besides the image's.
    ``mounts`` are of this machine, ``volumes`` as the engine's ``--volume`` takes them; ``hosts`` are ``name:address``.
    ``closed`` lets it write only into what is the run's own, and a ``/tmp``. ``more`` are options that only the
    engine's client understands.
    """

    name: str
    image: str
    words: tuple[str, ...]
    folder: str
    run: str
    entrypoint: str | None = None
    variables: Mapping[str, str] = {}
    mounts: tuple[Mount, ...] = ()
    volumes: tuple[str, ...] = ()
    user: str | None = None
    network: str | None = None
    hosts: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
    closed: bool = False
    terminal: bool = False
    more: tuple[str, ...] = ()

    @property
    def folders_in_memory(self) -> dict[str, str]:
        """What of a closed container can be written beside the run's own, with its options; what is mounted is not."""
        return dict([OPEN_FOLDER]) if self.closed and all(m.target != OPEN_FOLDER[0] for m in self.mounts) else {}


LABEL = "reenact.run"
"""The label by which a container is known as that of a run."""

OPEN_FOLDER = ("/tmp", "exec,mode=1777")  # noqa: S108
"""A folder in memory, and its options."""
