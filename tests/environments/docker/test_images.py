"""The image that was named is the image that runs: names, ids, digests, registries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from reenact.codec import decode, encode
from reenact.environments import docker
from reenact.environments.docker import ImageLock
from reenact.environments.docker.auth import AUTH, make_auth
from reenact.environments.docker.container import Container
from reenact.environments.docker.engine import Engine
from reenact.environments.docker.image import Image, find_digest
from reenact.errors import BuildError, ProjectError, UnsupportedError
from reenact.plan import DockerSpec, EnvironmentLock
from reenact.project.types import DockerEnvironment
from reenact.world import World
from tests.environments.conftest import told
from tests.environments.docker.engines import LABEL, tell
from tests.environments.docker.registry import Registry, serving


@pytest.fixture
def registry(engine: Engine) -> Iterator[Registry]:
    if engine.remote or engine.name != "docker":
        pytest.skip("the engine does not take a registry without TLS on this machine's loopback")
    with serving() as registry:
        yield registry


def resolve(image: str, world: World, *, upgrade: bool = False) -> ImageLock:
    spec = DockerSpec(container=DockerEnvironment(image))
    return decode(ImageLock, docker.lock(spec, world.cwd, world, upgrade=upgrade).text)


def place(image: str, world: World) -> Container:
    spec = DockerSpec(container=DockerEnvironment(image))
    return docker.realise(docker.lock(spec, world.cwd, world), world.cwd, world)


def test_an_image_is_found_under_every_name_of_it(engine: Engine, image: str, world: World) -> None:
    found = f"sha256:{json.loads(tell(engine, 'image', 'inspect', image))[0]['Id'].removeprefix('sha256:')}"
    for name in (image, found, found.removeprefix("sha256:")[:12]):
        assert place(name, world).image.id == found


def test_an_untagged_name_means_latest_and_not_whatever_is_there(engine: Engine, image: str, world: World) -> None:
    name = f"localhost:1/reenact-test-{uuid4().hex}"
    tell(engine, "tag", image, f"{name}:other")
    with pytest.raises(BuildError, match=f"pulling image {name} failed: the registry cannot be reached"):
        resolve(name, world)
    tell(engine, "tag", image, name)
    assert place(name, world).image.id == place(image, world).image.id
    tell(engine, "rmi", name, f"{name}:other")


def test_a_name_that_could_be_an_option_is_refused(engine: Engine, world: World) -> None:
    for name in ("--privileged", "a b", "$(x)", "", "a\n", "[", "[]a", "[x]a", "[::1"):
        with pytest.raises(ProjectError, match="no name of an image"):
            resolve(name, world)


def test_a_failed_pull_says_why_and_how_to_repeat_it(registry: Registry, world: World) -> None:
    with pytest.raises(BuildError) as caught:
        resolve(f"{registry.address}/team/none:9", world)
    first, *rest = caught.value.message.splitlines()
    assert first.endswith("failed: the registry has no such image")
    assert any("manifest unknown" in line or "not found" in line for line in rest)
    assert f"pull {registry.address}/team/none:9" in str(caught.value.hint)


def test_an_image_of_a_registry_is_pinned_by_its_digest(registry: Registry, world: World, engine: Engine) -> None:
    digest = registry.publish("one", LABEL)
    first = resolve(registry.name, world)
    assert first.digest == f"{registry.address}/team/tiny@{digest}"
    assert any(kind == "step" for kind, _ in world.report.told)  # type: ignore[attr-defined]
    registry.asked.clear()
    assert resolve(registry.name, world) == first
    assert registry.asked == []

    registry.publish("two", LABEL)
    assert resolve(registry.name, world) == first
    tell(engine, "rmi", "--force", first.id)
    # What was deleted comes back as it was, although its tag means something else by now.
    assert resolve(registry.name, world)._replace(name=first.name) == first
    second = resolve(registry.name, world, upgrade=True)
    assert second.id != first.id
    assert any("is another one than the last time" in text for text in told(world, "note"))


def test_the_engine_is_asked_once_in_a_run(engine: Engine, image: str, world: World) -> None:
    lock = docker.lock(DockerSpec(container=DockerEnvironment(image)), world.cwd, world)
    deaf = world._replace(environ={"PATH": ""})
    found = docker.realise(lock, deaf.cwd, deaf)
    assert found.image == place(image, world).image
    for other in (lock._replace(notes=("a",)), decode(EnvironmentLock, encode(lock))):
        with pytest.raises(UnsupportedError, match="no container engine answers"):
            docker.realise(other, deaf.cwd, deaf)


def test_a_lock_of_another_machine_is_fetched_by_digest(registry: Registry, world: World, engine: Engine) -> None:
    digest = registry.publish("one", LABEL)
    spec = DockerSpec(container=DockerEnvironment(registry.name))
    lock = docker.lock(spec, world.cwd, world)
    registry.publish("moved", LABEL)
    tell(engine, "rmi", "--force", decode(ImageLock, lock.text).id)
    there = decode(EnvironmentLock, encode(lock))
    assert there == lock
    found = docker.realise(there, world.cwd, world)
    assert found.image.digests == (f"{registry.address}/team/tiny@{digest}",)
    tell(engine, "rmi", "--force", found.image.id)
    registry.blobs.clear()
    with pytest.raises(BuildError, match="the registry has no such image"):
        docker.realise(there, world.cwd, world)


def test_a_local_image_that_is_gone_cannot_be_had(engine: Engine, image: str, world: World, tmp_path: Path) -> None:
    spec = DockerSpec(container=DockerEnvironment(image))
    lock = docker.lock(spec, world.cwd, world)
    gone = lock._replace(text=lock.text.replace(decode(ImageLock, lock.text).id, f"sha256:{'0' * 64}"))
    with pytest.raises(BuildError, match="no registry had it"):
        docker.realise(gone, world.cwd, world)


def test_an_id_is_looked_for_in_no_registry(registry: Registry, engine: Engine, world: World) -> None:
    with pytest.raises(BuildError, match="no registry has images by id"):
        resolve(f"sha256:{'0' * 64}", world)
    registry.publish("first", LABEL)
    pulled = resolve(registry.name, world)
    for form in (pulled.id, pulled.id[7:19]):
        assert resolve(form, world, upgrade=True).id == pulled.id


def test_upgrading_an_image_that_was_made_here_keeps_it(image: str, world: World) -> None:
    assert resolve(image, world, upgrade=True) == resolve(image, world)


def test_credentials(registry: Registry, world: World, tmp_path: Path) -> None:
    registry.password = "s3cr3t"
    registry.publish("behind a password", LABEL)
    with pytest.raises(BuildError, match="the registry wants credentials"):
        resolve(registry.name, world)
    auth = make_auth({"username": "me", "password": "s3cr3t", "registry": registry.address})
    environ = {**world.environ, AUTH: auth, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    assert resolve(registry.name, world._replace(environ=environ)).digest
    kept = [path for path in [*tmp_path.rglob("*"), *world.home.root.rglob("*")] if path.is_file()]
    assert not any(b"s3cr3t" in path.read_bytes() or b"czNjcjN0" in path.read_bytes() for path in kept)


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("python:3.11", "python@sha256:1"),
        ("python", "docker.io/library/python@sha256:1"),
        ("docker.io/library/python:3", "python@sha256:1"),
        ("team/x", "docker.io/team/x@sha256:1"),
        ("localhost:5000/x:1", "localhost:5000/x@sha256:1"),
        ("ghcr.io/a/b@sha256:1", "ghcr.io/a/b@sha256:1"),
    ],
)
def test_the_digest_is_that_of_the_named_registry(name: str, digest: str) -> None:
    assert find_digest(Image("sha256:0", ("other.org/x@sha256:2", digest)), name) == digest
    assert find_digest(Image("sha256:0", ("other.org/x@sha256:2",)), name) is None
