"""What every kind of environment promises, on each of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reenact import environments
from reenact.codec import decode, encode
from reenact.environments import KINDS
from reenact.plan import Command, EnvironmentLock, EnvironmentSpec
from reenact.world import World
from tests.environments.conda_channel import File, Recipe, index_channel, write_package
from tests.environments.conftest import project, write

MEMBERS = {"system": "system", "python": "uv", "conda": "conda"}


@pytest.fixture
def channel(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a channel with one package."""
    folder = tmp_path_factory.mktemp("channel")
    write_package(folder, Recipe("thing", "1.0", {"share/thing": File(b"1")}))
    index_channel(folder)
    return folder.as_uri()


@pytest.fixture(params=sorted(KINDS))
def spec(
    request: pytest.FixtureRequest, project_dir: Path, world: World, wheels: Path, channel: str
) -> EnvironmentSpec:
    write(project_dir, {"python_env.yaml": f"dependencies: [--no-index, '--find-links {wheels}', needy]\n"})
    write(project_dir, {"conda.yaml": f"channels: ['{channel}']\ndependencies: [thing]\n"})
    conda = request.param == "conda"
    wanted = project("conda_env", "conda.yaml") if conda else project("python_env", "python_env.yaml")
    return environments.ask(wanted, project_dir, MEMBERS[request.param], world)


def test_every_kind_is_a_member(spec: EnvironmentSpec) -> None:
    assert MEMBERS.keys() == KINDS.keys()
    assert spec.kind in KINDS


def test_a_spec_and_a_lock_survive_json(spec: EnvironmentSpec, project_dir: Path, world: World) -> None:
    assert decode(type(spec), encode(spec)) == spec
    found = environments.lock(spec, project_dir, world)
    assert decode(EnvironmentLock, encode(found)) == found


def test_locking_and_realising_again_give_the_same(spec: EnvironmentSpec, project_dir: Path, world: World) -> None:
    first = environments.lock(spec, project_dir, world)
    assert environments.lock(spec, project_dir, world) == first
    assert first.key == environments.lock(spec, project_dir, world).key
    place = environments.realise(first, project_dir, world)
    assert environments.realise(first, project_dir, world) == place
    assert place.path is None or Path(place.path).is_absolute()


def test_a_command_runs_inside(spec: EnvironmentSpec, project_dir: Path, world: World) -> None:
    place = environments.realise(environments.lock(spec, project_dir, world), project_dir, world)
    command = Command("echo $GREETING", environment={"GREETING": "hello"}, path=("/first",))
    wrapped = environments.wrap(command, place)
    assert (wrapped.text, wrapped.shell) == (command.text, command.shell)
    assert environments.wrap(command, place) == wrapped
    environ = {name: value for name, value in os.environ.items() if name not in wrapped.unset}
    environ |= {**wrapped.environment, "PATH": os.pathsep.join((*wrapped.path, environ["PATH"]))}
    done = subprocess.run(wrapped.argv, env=environ, cwd=project_dir, capture_output=True, text=True, check=True)
    assert done.stdout == "hello\n"


def test_the_project_is_not_littered(spec: EnvironmentSpec, project_dir: Path, world: World) -> None:
    before = sorted(project_dir.rglob("*"))
    environments.realise(environments.lock(spec, project_dir, world), project_dir, world)
    assert sorted(project_dir.rglob("*")) == before
