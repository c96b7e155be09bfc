"""The image of a container, as its engine saves it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from reenact.codec import decode
from reenact.environments.artifacts import find_artifact
from reenact.environments.docker import ImageLock, realise
from reenact.environments.docker.engine import find_engine
from reenact.environments.docker.saved import save
from reenact.files import make_folder
from reenact.plan import EnvironmentLock
from reenact.reproduce.bundle.packages import Gathered, keep_made, make_once
from reenact.world import World


def gather(lock: EnvironmentLock, root: Path, world: World) -> Gathered:
    """The image of ``lock``; one that was saved before is taken as it was, since engines save differently.

    Raises:
        BuildError: the image is not here and cannot be fetched or made.
        UnsupportedError: no container engine answers.
    """
    for image, archive in lock.made.items():
        if (kept := find_artifact(archive, world.home)) is not None:
            return Gathered((kept,), {}, {image: archive})
    image = decode(ImageLock, lock.text).id or realise(lock, root, world).image.id
    kept = make_once(("image", image), partial(_save, image, lock, root, world), world)
    return Gathered((kept,), {}, {image: kept.parent.name})


def _save(image: str, lock: EnvironmentLock, root: Path, world: World) -> Path:
    realise(lock, root, world)
    aside = make_folder(world.home.staging) / f"image-{image.rpartition(':')[2][:16]}.tar"
    try:
        save(find_engine(world), image, aside, world)
        return keep_made(aside, world)
    finally:
        aside.unlink(missing_ok=True)
