"""A container: an image, pinned, and the project's code mounted into it.

The name of an image means what it means to the engine at this moment, and the image that was named is the one that
runs, by its id. The lock has that id and the digest by which a registry knows the image. ``locks/docker/ASKED.json``
keeps the last one, so that an image that was deleted here comes back as it was and not as what its tag means by now.
With ``build:`` or ``--build-image`` an image is made from files, whose digest names it.
"""

from __future__ import annotations

import re
from pathlib import Path

from reenact.codec import decode, encode
from reenact.environments.docker.container import Container, make_launch
from reenact.environments.docker.engine import Engine, find_engine
from reenact.environments.docker.image import Image, find_digest, find_image, pull
from reenact.environments.docker.recipe import Recipe
from reenact.environments.docker.variables import check_variables
from reenact.environments.launch import Launch, Site
from reenact.errors import BuildError, ProjectError
from reenact.files import find_kept, make_folder, write_atomic
from reenact.plan import Command, DockerSpec, EnvironmentLock, digest
from reenact.project.types import Project
from reenact.values import NamedTuple
from reenact.world import World


class ImageLock(NamedTuple):
    """The text of a lock: the image that was asked for, and the one that it is.

    ``id`` is the engine's own; ``digest`` is ``name@sha256:...`` where a registry has the image. An image that is made
    here has no ``id`` but a ``recipe``, the ``bases`` that it begins with, and a name with the digest of all this.
    """

    name: str
    id: str = ""
    digest: str | None = None
    platform: str = ""
    recipe: Recipe | None = None
    bases: tuple[ImageLock, ...] = ()


class _SeenLock(EnvironmentLock):
    """A lock that knows the image from which it was made a moment ago: the engine need not be asked for it again.

    What is read from a record, or made of this by ``_replace``, knows none.
    """

    place: Container | None = None


def ask(project: Project, root: Path, manager: str | None, world: World) -> DockerSpec:
    """What the project file says under ``docker_env``.

    Raises:
        UsageError: a variable that the project lists is not set here.
    """
    container = project.environment.docker
    if container is None:
        raise ProjectError(
            "docker_env is given but no image attribute found", hint="write 'docker_env: {image: name:tag}'"
        )
    check_variables(container, world.environ)
    return DockerSpec(container=container)


def lock(spec: DockerSpec, root: Path, world: World, *, upgrade: bool = False) -> EnvironmentLock:
    """The image that is meant: what is here under its name, else what it was the last time, else what a registry has.

    ``upgrade`` asks the registry anew.

    Raises:
        UnsupportedError: no container engine answers.
        BuildError: there is no such image to be had.
    """
    engine = find_engine(world)
    container = spec.container
    if container.build is None and not spec.bake:
        pinned, image = lock_image(engine, container.image, container.platform, world, upgrade=upgrade)
        seen = _SeenLock(*_make_lock(pinned))
        seen.place = Container("docker", engine, image)
        return seen
    from reenact.environments.docker.build import list_bases, make_recipe, name_image

    names = list_bases(spec, root)
    bases = [lock_image(engine, name, container.platform, world, upgrade=upgrade)[0] for name in names]
    recipe = make_recipe(spec, root, {base.name: base.id for base in bases})
    name = name_image(recipe, root, world.environ)
    return _make_lock(ImageLock(name, platform=container.platform or "", recipe=recipe, bases=tuple(bases)))


def lock_image(
    engine: Engine, name: str, platform: str | None, world: World, *, upgrade: bool = False
) -> tuple[ImageLock, Image]:
    """The pinned image of that name, and what it is here; fetched if it is not.

    Raises:
        BuildError: it cannot be fetched.
    """
    path = world.home.locks / "docker" / f"{digest((name, platform))}.json"
    kept = find_kept(ImageLock, path)
    here = find_image(engine, name, world)
    fits = here is not None and (platform is None or here.platform.startswith(platform))
    by_id = (name.startswith("sha256:") and re.fullmatch(r"sha256:[0-9a-f]+", name)) or (
        here and here.id.startswith(f"sha256:{name}")
    )
    if here is None or not fits or (upgrade and here.digests and not by_id):
        if by_id:
            message = f"image {name} is not here{f' for {platform}' if here else ''}, and no registry has images by id"
            raise BuildError(message, hint="load or build it here, or name it as a registry does: name@sha256:...")
        again = kept.digest if kept is not None and kept.digest and not upgrade and here is None else name
        here = pull(engine, again, platform, world)
    found = ImageLock(name, here.id, find_digest(here, name), here.platform)
    if found != kept:
        if kept is not None and kept.id != found.id:
            world.report.note(f"image {name} is another one than the last time: {found.id[:19]}, it was {kept.id[:19]}")
        write_atomic(make_folder(path.parent) / path.name, encode(found))
    return found, here


def realise(lock: EnvironmentLock, root: Path, world: World) -> Container:
    """The image that ``lock`` pins, fetched or made if it is not here.

    Raises:
        UnsupportedError: no container engine answers.
        BuildError: it cannot be had, or what was had is not what was locked.
    """
    if isinstance(lock, _SeenLock) and lock.place is not None:
        return lock.place
    engine = find_engine(world)
    pinned = decode(ImageLock, lock.text)
    wanted = next(iter(lock.made), pinned.id if pinned.recipe is None else pinned.name)
    if (here := find_image(engine, wanted, world)) is not None:
        return Container("docker", engine, here)
    if lock.made:
        from reenact.environments.docker.saved import load

        made = load(engine, wanted, lock.made[wanted], world)
    elif pinned.recipe is None:
        made = _fetch(engine, pinned, world)
    else:
        from reenact.environments.docker.build import make_image, name_base

        for base in pinned.bases:
            name_base(engine, find_image(engine, base.id, world) or _fetch(engine, base, world), world)
        made = make_image(engine, pinned.name, pinned.recipe, root, world)
    return Container("docker", engine, made, made=True)


def wrap(command: Command, place: Container, site: Site) -> Launch:
    """``command`` in a container of its own, which is gone when the command is.

    Raises:
        ReenactError: something that the command is given cannot be shown to the container.
    """
    spec = site.plan.environment
    if not isinstance(spec, DockerSpec):
        raise TypeError(f"a container was made for an environment of kind {spec.kind}")
    return make_launch(command, place, spec, site)


def _make_lock(image: ImageLock) -> EnvironmentLock:
    return EnvironmentLock("docker", encode(image).decode(), platform=image.platform)


def _fetch(engine: Engine, pinned: ImageLock, world: World) -> Image:
    """The locked image from its registry, by digest, which the engine verifies; and by us, that it is the one."""
    if pinned.digest is None:
        raise BuildError(
            f"image {pinned.name} ({pinned.id[:19]}) is not here, and no registry had it when it was locked",
            hint=f"load or build it again under the name {pinned.name}, and resolve anew with --upgrade",
        )
    image = pull(engine, pinned.digest, pinned.platform or None, world)
    if image.id != pinned.id and pinned.digest not in image.digests:
        raise BuildError(f"{pinned.digest} was pulled, and what came is {image.id}, not {pinned.id}: it is not used")
    return image
