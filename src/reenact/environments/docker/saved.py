"""Images as files: saved for who has no registry, and loaded again.

An archive that is loaded is anybody's. It has to hold one image and no name: a name in it would change what the name
means to everything else on this machine.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from reenact.environments.artifacts import find_artifact
from reenact.environments.docker.engine import Engine
from reenact.environments.docker.failure import make_failure
from reenact.environments.docker.image import Image, find_image
from reenact.environments.docker.program import run_long
from reenact.errors import BuildError
from reenact.world import World

_MOST = 1 << 24


def save(engine: Engine, image: str, target: Path, world: World) -> None:
    """Write the image with this id to a file, without any of its names.

    Raises:
        BuildError: the engine cannot.
    """
    result = run_long(engine, ("save", "--output", str(target), image), world, "saving the image")
    world.report.done()
    if not result.ok:
        raise make_failure(result, f"saving image {image}")


def load(engine: Engine, image: str, archive: str, world: World) -> Image:
    """The image with this id, from the archive that is kept here under its SHA-256.

    Raises:
        BuildError: it is not kept, is not what it should be, or holds more than the image.
    """
    path = find_artifact(archive, world.home)
    if path is None:
        raise BuildError(f"image {image} is not here any more, nor the file that it came in", hint="import it again")
    _check_archive(path, archive)
    result = run_long(engine, ("load", "--input", str(path)), world, "loading the image")
    world.report.done()
    if not result.ok:
        raise make_failure(result, f"loading image {image}")
    found = find_image(engine, image, world)
    if found is None:
        raise BuildError(f"{path.name} was loaded, and image {image} was not in it: it is not used")
    return found


def _check_archive(path: Path, expected: str) -> None:
    from hashlib import file_digest

    with path.open("rb") as file:
        if file_digest(file, "sha256").hexdigest() != expected:
            raise BuildError(f"{path} is not what it was when it was imported", hint="import it again")
    try:
        images, names = _read_names(path)
    except (tarfile.TarError, OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise BuildError(f"{path.name} is no saved image: {problem}") from problem
    if images != 1 or names:
        what = f"it would also name {', '.join(map(str, names))}" if names else f"it holds {images} images"
        raise BuildError(f"{path.name} is not loaded: {what}")


def _read_names(path: Path) -> tuple[int, list[str]]:
    """How many images an archive holds, and every name that it gives to one; in each of the places where it may."""
    images, names = 0, []
    with tarfile.open(path, "r:") as packed:
        for info in packed:
            name = info.name.removeprefix("./")
            if name not in ("manifest.json", "index.json", "repositories"):
                continue
            file = packed.extractfile(info)
            if file is None or info.size > _MOST:
                raise ValueError(f"its {name} is no file that could be read")
            plain = json.load(file)
            if name == "manifest.json":
                images += len(plain)
                names += [tag for each in plain for tag in each.get("RepoTags") or ()]
            elif name == "repositories":
                names += list(plain)
            else:
                noted = [each.get("annotations") or {} for each in plain.get("manifests", ())]
                names += [value for each in noted for key, value in each.items() if key.endswith("image.name")]
    return images, names
