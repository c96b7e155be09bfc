"""Images: what a name means at this moment, and getting what is not here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reenact.environments.docker.api import ask, quote_name
from reenact.environments.docker.engine import Engine
from reenact.errors import BuildError, ProjectError
from reenact.hints import Any
from reenact.json_text import parse_json
from reenact.values import NamedTuple
from reenact.world import World

_IN_NAME = frozenset("_.:/@+-")
_IN_ADDRESS = frozenset("0123456789abcdefABCDEF:")


class Image(NamedTuple):
    """An image that is here. ``id`` and ``digests`` (``name@sha256:...``, one for each registry) pin it.

    ``variables`` are those that it brings along.
    """

    id: str
    digests: tuple[str, ...] = ()
    platform: str = ""
    entrypoint: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}


def find_image(engine: Engine, name: str, world: World) -> Image | None:
    """The image that ``name`` means here: a tag (``latest`` where none is written), a digest or an id.

    Raises:
        ProjectError: no image can have this name.
        BuildError: the engine cannot tell.
    """
    if not _can_be_name(name):
        raise ProjectError(f"'{name}' is no name of an image", hint="write it as for 'docker pull': name:tag")
    if engine.socket is not None:
        try:
            found = ask(engine.socket, f"/images/{quote_name(name)}/json")
        except OSError as problem:
            raise BuildError(f"the container engine cannot tell about image {name}: {problem}") from problem
        return None if found is None else _read_image(found)
    from reenact.environments.docker.failure import make_failure
    from reenact.environments.docker.program import run_client

    result = run_client(engine, ("image", "inspect", name), world)
    if result.ok:
        return _read_image(parse_json(result.output)[0])
    if re.search(r"no such image|not known|not found|no image", result.errors, re.IGNORECASE):
        return None
    raise make_failure(result, f"looking for image {name}")


def pull(engine: Engine, name: str, platform: str | None, world: World) -> Image:
    """Fetch ``name`` from its registry, whatever is here under that name.

    Raises:
        BuildError: it cannot be fetched; the cause comes first.
    """
    from reenact.environments.docker.auth import run_with_credentials
    from reenact.environments.docker.failure import make_failure

    chosen = ("--platform", platform) if platform else ()
    arguments = ("pull", *chosen, name)
    doing = f"pulling image {name}"
    world.report.step("pulling", name)
    try:
        result = run_with_credentials(engine, arguments, world)
    finally:
        world.report.done()
    if not result.ok:
        raise make_failure(result, doing)
    found = find_image(engine, name, world)
    if found is None:
        raise BuildError(f"{doing} ended well, and the image is not here", hint=f"try: {engine.name} pull {name}")
    return found


def find_digest(image: Image, name: str) -> str | None:
    """The digest by which the registry that ``name`` names knows the image; None for an image made here."""
    wanted = _repository(name)
    return next((digest for digest in image.digests if _repository(digest) == wanted), None)


def _repository(name: str) -> str:
    """The repository of a name in full: without tag and digest, with the registry that is left out."""
    name = name.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        name = head
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return name
    return f"docker.io/{name if slash else f'library/{name}'}"


def _can_be_name(text: str) -> bool:
    """Whether it begins with a word, or with an address of IPv6 in brackets, and no white space or option is in it."""
    head, rest = text[:1], text[1:]
    if head == "[":
        address, bracket, rest = rest.partition("]")
        if not address or not bracket or not _IN_ADDRESS.issuperset(address):
            return False
    elif not head.isalnum() and head != "_":
        return False
    return all(sign.isalnum() or sign in _IN_NAME for sign in rest)


def _read_image(found: Mapping[str, Any]) -> Image:
    config = found.get("Config") or {}
    entrypoint = config.get("Entrypoint") or ()
    parts = (found.get("Os"), found.get("Architecture"), found.get("Variant"))
    return Image(
        # podman's client leaves the algorithm out.
        id=found["Id"] if ":" in found["Id"] else f"sha256:{found['Id']}",
        # podman's word for "from no registry".
        digests=tuple(each for each in found.get("RepoDigests") or () if not each.startswith("localhost/")),
        platform="/".join(part for part in parts if part),
        entrypoint=(entrypoint,) if isinstance(entrypoint, str) else tuple(entrypoint),
        variables={name: value for name, _, value in (each.partition("=") for each in config.get("Env") or ())},
    )
