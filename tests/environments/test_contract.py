"""What every kind of environment promises, on each of them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from reenact import environments
from reenact.codec import decode, encode
from reenact.environments import KINDS
from reenact.environments.launch import Launch, Site
from reenact.plan import Command, EnvironmentLock, EnvironmentSpec, Plan, Snapshot
from reenact.process.handed import handing
from reenact.world import World
from tests.environments.conda.channel import File, Recipe, index_channel, write_package
from tests.environments.conftest import project, write
from tests.environments.docker.engines import docker_project, get_base_image, get_engine

MEMBERS = {"system": "system", "python": "uv", "conda": "conda", "docker": None}


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
    asked = {"conda": project("conda_env", "conda.yaml")}.get(request.param, project("python_env", "python_env.yaml"))
    if request.param == "docker":
        asked = docker_project(get_base_image(get_engine()))
    return environments.ask(asked, project_dir, MEMBERS[request.param], world)


def launch(spec: EnvironmentSpec, command: Command, project_dir: Path, world: World) -> Launch:
    place = environments.realise(environments.lock(spec, project_dir, world), project_dir, world)
    plan = Plan("p", "main", Snapshot("directory", ".", root=str(project_dir)), command, spec)
    folder = world.home.runs / uuid4().hex
    folder.mkdir(parents=True)
    site = Site(plan, folder, project_dir, world)
    found = environments.wrap(command, place, site)
    assert environments.wrap(command, place, site) == found
    return found


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


def start(launch: Launch) -> str:
    """What the command prints."""
    with handing(launch.argv, launch.handed) as (argv, descriptors):
        environ = dict(launch.environ)
        done = subprocess.run(argv, env=environ, cwd=launch.cwd, pass_fds=descriptors, capture_output=True, check=True)
    return done.stdout.decode()


def test_a_command_runs_inside(spec: EnvironmentSpec, project_dir: Path, world: World) -> None:
    command = Command(
        "echo $GREETING; [ -d $REENACT_RUN_DIR ] && echo $?", environment={"GREETING": "hello"}, path=("/first",)
    )
    assert start(launch(spec, command, project_dir, world)) == "hello\n0\n"


def test_the_command_is_in_the_projects_folder(spec: EnvironmentSpec, project_dir: Path, world: World) -> None:
    write(project_dir, {"deep/here.txt": "here\n"})
    start(launch(spec, Command("cat here.txt; echo made > made.txt", cwd="deep"), project_dir, world))
    assert (project_dir / "deep/made.txt").read_text() == "made\n"


def test_the_project_is_not_littered(spec: EnvironmentSpec, project_dir: Path, world: World) -> None:
    before = sorted(project_dir.rglob("*"))
    environments.realise(environments.lock(spec, project_dir, world), project_dir, world)
    assert sorted(project_dir.rglob("*")) == before
