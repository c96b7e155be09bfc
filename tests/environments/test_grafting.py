"""One lock with some packages of another, made for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from reenact import environments
from reenact.environments import Place
from reenact.environments.grafting import INTERPRETER, WHOLE, graft, list_parts, list_versions
from reenact.plan import EnvironmentLock
from reenact.world import World
from tests.environments.conda.channel import File, Recipe, index_channel, write_package
from tests.environments.conftest import make_wheel, project, write


def lock(root: Path, file: str, manager: str, world: World) -> EnvironmentLock:
    asked = project("conda_env", file) if file == "conda.yaml" else project("python_env", file)
    spec = environments.ask(asked, root, manager, world)
    return environments.lock(spec, root, world)


@pytest.fixture
def conda_locks(project_dir: Path, tmp_path: Path, world: World) -> tuple[EnvironmentLock, EnvironmentLock]:
    channel = tmp_path / "channel"
    channel.mkdir()
    for name in ("first", "second"):
        for version in ("1.0", "2.0"):
            write_package(channel, Recipe(name, version, {f"share/{name}": File(version.encode())}))
    write_package(channel, Recipe("third", "1.0", {"share/third": File(b"1.0")}))
    index_channel(channel)
    found = []
    for wanted in ("first <2, second <2", "first, second, third"):
        write(project_dir, {"conda.yaml": f"channels: ['{channel.as_uri()}']\ndependencies: [{wanted}]\n"})
        found.append(lock(project_dir, "conda.yaml", "conda", world))
    return found[0], found[1]


def shares(place: Place) -> dict[str, str]:
    assert place.path is not None
    return {path.name: path.read_text() for path in (Path(place.path) / "share").iterdir() if path.is_file()}


def test_conda_packages(conda_locks: tuple[EnvironmentLock, EnvironmentLock], project_dir: Path, world: World) -> None:
    old, new = conda_locks
    assert list_parts(old, new) == ("first", "second", "third")
    assert graft(old, new, ()) == old
    assert graft(old, new, ("first", "second", "third")).key == new.key
    mixed = graft(old, new, ("second", "third"))
    assert mixed.key not in (old.key, new.key)
    place = environments.realise(mixed, project_dir, world)
    assert shares(place) == {"first": "1.0", "second": "2.0", "third": "1.0"}
    back = environments.realise(graft(new, old, ("third",)), project_dir, world)
    assert shares(back) == {"first": "2.0", "second": "2.0"}


def test_python_packages(project_dir: Path, wheels: Path, world: World) -> None:
    for name in ("first", "second"):
        for version in ("1.0", "2.0"):
            make_wheel(wheels, name, version)
    locks = []
    for wanted in ("'first<2', 'second<2'", "first"):
        text = f"dependencies: [--no-index, '--find-links {wheels}', {wanted}]\n"
        write(project_dir, {"python_env.yaml": text})
        locks.append(lock(project_dir, "python_env.yaml", "uv", world))
    old, new = locks
    assert list_parts(old, new) == ("first", "second")
    mixed = graft(old, new, ("first",))
    assert {name: list_versions(mixed)[name] for name in ("first", "second")} == {"first": "2.0", "second": "1.0"}
    assert environments.realise(mixed, project_dir, world).path is not None
    assert "second" not in list_versions(graft(old, new, ("second",)))


def test_another_interpreter_is_a_part_of_its_own() -> None:
    old = EnvironmentLock("python", "lock-version = '1.0'\npackages = []\n", "3.11.7", "/usr/bin/python3.11")
    new = old._replace(python="3.12.1", interpreter="/usr/bin/python3.12")
    assert list_parts(old, new) == (INTERPRETER,)
    assert graft(old, new, (INTERPRETER,)) == new


def test_what_is_of_another_kind_is_taken_whole() -> None:
    old, new = EnvironmentLock("docker", "image: a\n"), EnvironmentLock("docker", "image: b\n")
    assert list_parts(old, new) == (WHOLE,)
    assert graft(old, new, (WHOLE,)) == new
    assert list_parts(old, old) == ()
