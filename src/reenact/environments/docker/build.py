"""Images made from files: the project's own Dockerfile, or a base image with the project's code in it.

An image is named by the digest of all that it is made from: the files of the context that ``.dockerignore`` leaves in
(``NAME.dockerignore`` where a Dockerfile NAME has one beside it), the Dockerfile, its arguments and the images that it
begins with. What has that name is not made again. Base images are pinned: the Dockerfile that is built begins with
names of ours that stand for exactly the images that the lock has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from blake3 import blake3

from reenact.environments.docker.dockerfile import find_bases, pin_bases
from reenact.environments.docker.engine import Engine
from reenact.environments.docker.failure import make_failure
from reenact.environments.docker.ignore import is_ignored, parse_ignore
from reenact.environments.docker.image import Image, find_image
from reenact.environments.docker.mounts import CODE
from reenact.environments.docker.program import run_client, run_long
from reenact.environments.docker.recipe import Recipe
from reenact.errors import BuildError, ProjectError
from reenact.files import digest_file, write_atomic
from reenact.files import lock as locked
from reenact.plan import DockerSpec, digest
from reenact.process.tool import ToolResult
from reenact.project.types import DockerBuild
from reenact.world import World

IMAGE, BASE = "reenact/image", "reenact/base"
IGNORE = ".dockerignore"

_NO_BUILDX = "buildx component is missing"


def make_baking(base: str) -> str:
    """The Dockerfile of an image with the project in it; the files are the caller's, as they are when mounted."""
    owner = f"{os.geteuid()}:{os.getegid()}"
    return f"FROM {base}\nCOPY --chown={owner} . {CODE}/\nWORKDIR {CODE}\n"


def read_dockerfile(build: DockerBuild, root: Path) -> str:
    """The text of the project's Dockerfile.

    Raises:
        ProjectError: it cannot be read.
    """
    path = root / build.context / build.dockerfile
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        shown = os.path.normpath(f"{build.context}/{build.dockerfile}")
        why = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
        hint = "'build' has the keys context (relative to the project) and dockerfile (relative to the context)"
        raise ProjectError(f"cannot read the Dockerfile {shown}: {why}", hint=hint) from problem


def read_ignore(build: DockerBuild, root: Path) -> str | None:
    """The rules of the Dockerfile's own ``.dockerignore``; None where it has none."""
    path = root / build.context / f"{build.dockerfile}{IGNORE}"
    return path.read_text("utf-8", "replace") if path.is_file() else None


def make_recipe(spec: DockerSpec, root: Path, bases: Mapping[str, str]) -> Recipe:
    """The recipe of a project, given the pinned ids of the images that it begins with."""
    asked, build = spec.container, spec.container.build
    pins = {name: f"{BASE}:{image.removeprefix('sha256:')}" for name, image in bases.items()}
    if build is None:
        return Recipe(make_baking(pins[asked.image]), platform=asked.platform)
    text = pin_bases(read_dockerfile(build, root), given_arguments(build), pins)
    return Recipe(text, build.context, build.args, build.target, asked.platform, read_ignore(build, root))


def list_bases(spec: DockerSpec, root: Path) -> tuple[str, ...]:
    """The names of the images that the project's image begins with."""
    build = spec.container.build
    if build is None:
        return (spec.container.image,)
    return find_bases(read_dockerfile(build, root), given_arguments(build))


def given_arguments(build: DockerBuild) -> dict[str, str]:
    """The build arguments whose values are in the project file."""
    return dict(item for item in build.args if not isinstance(item, str))


def name_image(recipe: Recipe, root: Path, environ: Mapping[str, str]) -> str:
    """The name of the image that the recipe makes: the digest of all that goes in."""
    values = [environ.get(item) if isinstance(item, str) else item for item in recipe.args]
    return f"{IMAGE}:{digest((recipe, values, digest_context(root / recipe.context, recipe.ignore)))[:40]}"


def digest_context(context: Path, ignore: str | None = None) -> str:
    """BLAKE3 over the files that the engine is sent: path, whether executable, content; links by target.

    Raises:
        ProjectError: there is no such folder.
    """
    if not context.is_dir():
        raise ProjectError(f"the folder {context}, which an image is to be built from, is not there")
    hasher = blake3()
    for name in sorted(list_context(context, ignore)):
        path = context / name
        if path.is_symlink():
            entry = "l" + os.readlink(path)
        elif path.is_file():
            entry = ("x" if os.access(path, os.X_OK) else "f") + digest_file(path)
        else:
            entry = "d"
        hasher.update(f"{name}\0{entry}\0".encode("utf-8", "surrogateescape"))
    return hasher.hexdigest()


def list_context(context: Path, ignore: str | None = None) -> Iterator[str]:
    """The files and links below ``context`` that the rules leave in, and folders that they leave empty; the rules are
    ``ignore``, or those of its own file."""
    if ignore is None and (context / IGNORE).is_file():
        ignore = (context / IGNORE).read_text("utf-8", "replace")
    patterns = parse_ignore(ignore or "")
    # A folder that is ignored can still hold something that a later line takes back.
    whole = not any(pattern.keeps for pattern in patterns)
    for folder, names, files in os.walk(context):
        below = os.path.relpath(folder, context)
        prefix = "" if below == "." else f"{below}/"
        if whole:
            names[:] = [name for name in names if not is_ignored(prefix + name, patterns)]
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]
        kept = [prefix + name for name in (*files, *links) if not is_ignored(prefix + name, patterns)]
        yield from kept
        if prefix and not names and not kept and not is_ignored(below, patterns):
            yield below


def make_image(engine: Engine, name: str, recipe: Recipe, root: Path, world: World) -> Image:
    """The image ``name``, made unless it is here; of several who want it at the same time one makes it.

    Its base images are here under our names (:func:`name_base`).

    Raises:
        BuildError: it cannot be made; the cause comes first.
    """
    stem = world.home.locks / "docker" / name.partition(":")[2]
    with locked(stem.with_suffix(".lock")) as descriptor:
        if found := find_image(engine, name, world):
            return found
        file = stem.with_suffix(".Dockerfile")
        _write_recipe(recipe, file)
        try:
            words = (*_render_options(engine, name, recipe, file), str(root / recipe.context))
            result = _build(engine, words, recipe, world, keep_open=(descriptor,))
        finally:
            world.report.done()
        if not result.ok:
            raise make_failure(result, "building the image")
        _remove_recipe(file)
    made = find_image(engine, name, world)
    if made is None:
        raise BuildError(
            "the image was built, and the engine does not have it", hint="does a builder keep it elsewhere?"
        )
    return made


def name_base(engine: Engine, image: Image, world: World) -> None:
    """Give a base image our name for it, by which no registry can mean another.

    Raises:
        BuildError: the engine refuses.
    """
    name = f"{BASE}:{image.id.removeprefix('sha256:')}"
    if find_image(engine, name, world) is None:
        result = run_client(engine, ("tag", image.id, name), world)
        if not result.ok:
            raise make_failure(result, f"naming the base image {image.id}")


def _write_recipe(recipe: Recipe, file: Path) -> None:
    """The Dockerfile, and beside it what it leaves out of the context, where builders look for that."""
    write_atomic(file, recipe.dockerfile.encode())
    if recipe.ignore is not None:
        write_atomic(_find_ignore(file), recipe.ignore.encode())


def _remove_recipe(file: Path) -> None:
    for path in (file, _find_ignore(file)):
        path.unlink(missing_ok=True)


def _find_ignore(file: Path) -> Path:
    return file.with_name(f"{file.name}{IGNORE}")


def _render_options(engine: Engine, name: str, recipe: Recipe, file: Path) -> Iterator[str]:
    yield from ("--file", str(file), "--tag", name)
    for option, value in (("--target", recipe.target), ("--platform", recipe.platform)):
        if value is not None:
            yield from (option, value)
    if recipe.ignore is not None and engine.name == "podman":
        yield from ("--ignorefile", str(_find_ignore(file)))
    for item in recipe.args:
        yield from ("--build-arg", item if isinstance(item, str) else "=".join(item))


def _build(
    engine: Engine, words: tuple[str, ...], recipe: Recipe, world: World, keep_open: tuple[int, ...]
) -> ToolResult:
    """Build with BuildKit, or where docker has none with its older builder."""

    def run(kit: str, *more: str) -> ToolResult:
        # The builder that shares the engine's images, which knows our names for base images.
        environ = {**world.environ, "BUILDX_BUILDER": "default", "BUILDKIT_PROGRESS": "plain", "DOCKER_BUILDKIT": kit}
        return run_long(engine, ("build", *more, *words), world, "building", environ=environ, keep_open=keep_open)

    world.report.step("building", "the image")
    result = run("1")
    if not result.ok and _NO_BUILDX in result.errors:
        if recipe.ignore is not None:
            message = f"the Dockerfile has a {IGNORE} of its own, which docker's older builder does not read"
            raise BuildError(message, hint="install buildx (docker-buildx), or move its lines to the context's")
        world.report.note("docker has no buildx: the image is built by the older builder")
        # It leaves the container of a step that failed otherwise.
        result = run("0", "--force-rm")
    return result
