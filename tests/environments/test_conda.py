"""Conda environments for real: a local channel with a CPython, solved, locked, linked, and run from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reenact.environments import Place, conda
from reenact.environments.conda_request import make_spec
from reenact.errors import BuildError, ProjectError
from reenact.files import lock as locked
from reenact.home import Home
from reenact.plan import Command, CondaSpec
from reenact.report import Memory
from reenact.world import World

from .conda_channel import (
    SUBDIR,
    File,
    Recipe,
    index_channel,
    make_module_recipe,
    make_native_recipe,
    make_python_recipe,
    write_package,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="the channel is linux-64"),
]

DEMO = "import sys\n__version__ = {version!r}\ndef main():\n    print('demo', __version__, *sys.argv[1:])\n"


@pytest.fixture(scope="session")
def channel(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A channel with python, demo 1.0 and 2.0, where-native, and what cannot be solved."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    folder = base / "channel"
    with locked(base / "channel.lock"):
        if not (folder / "ready").exists():
            _make_channel(folder)
            (folder / "ready").touch()
    return folder


def _make_channel(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    write_package(folder, make_python_recipe())
    for version in ("1.0", "2.0"):
        write_package(folder, make_module_recipe("demo", version, DEMO.format(version=version), command="demo-cli"))
    write_package(folder, Recipe("broken", "1.0", {}, depends=("does-not-exist >=1",)))
    write_package(folder, Recipe("needs-gpu", "1.0", {"share/gpu": File(b"gpu")}, depends=("__cuda >=12",)))
    data = File(b"x" * 1000)
    write_package(folder, Recipe("data", "1.0", {f"share/data/{i}": data for i in range(300)}, build="h7_1"))
    if native := make_native_recipe(folder):
        write_package(folder, native)
    index_channel(folder)


@pytest.fixture
def world(home: Home, project_dir: Path) -> World:
    keep = ("PATH", "HOME", "REENACT_HOME", "SSL_CERT_FILE", "UV_CACHE_DIR", "UV_DEFAULT_INDEX", "LANG")
    return World(home, {name: os.environ[name] for name in keep if name in os.environ}, project_dir, Memory())


def write(project: Path, channel: Path | str, *packages: str, more: str = "") -> CondaSpec:
    lines = "".join(f"  - {package}\n" for package in packages)
    address = channel.as_uri() if isinstance(channel, Path) else channel
    (project / "conda.yaml").write_text(f"channels:\n  - {address}\ndependencies:\n{lines}{more}")
    return make_spec("conda.yaml", project, World(Home(project), os.environ, project, Memory()))


def make(spec: CondaSpec, world: World) -> Place:
    return conda.realise(conda.lock(spec, world.cwd, world), world.cwd, world)


def run(place: Place, text: str, world: World, **environ: str) -> str:
    command = conda.wrap(Command(text), place)
    kept = {name: value for name, value in {**world.environ, **environ}.items() if name not in command.unset}
    path = ":".join((*command.path, kept["PATH"]))
    done = subprocess.run(
        command.argv, env={**kept, **command.environment, "PATH": path}, cwd=world.cwd, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def environments(world: World) -> list[Path]:
    folder = world.home.environments
    return [path for path in folder.iterdir() if path.is_dir()] if folder.exists() else []


def test_a_conda_environment_is_solved_linked_and_run_from(channel: Path, world: World) -> None:
    place = make(write(world.cwd, channel, "python", "demo <2"), world)
    assert run(place, "demo-cli a b", world) == "demo 1.0 a b"
    assert run(place, "python -c 'import sys, demo; print(sys.prefix, demo.__version__)'", world) == f"{place.path} 1.0"
    assert run(place, "echo $CONDA_PREFIX $CONDA_DEFAULT_ENV $CONDA_SHLVL", world) == f"{place.path} {place.path} 1"


def test_nothing_of_conda_is_started(channel: Path, world: World, tmp_path: Path) -> None:
    traps = tmp_path / "traps"
    traps.mkdir()
    for name in ("conda", "mamba", "micromamba", "pixi"):
        trap = traps / name
        trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
        trap.chmod(0o755)
    world = world._replace(environ={**world.environ, "PATH": f"{traps}:{world.environ['PATH']}"})
    make(write(world.cwd, channel, "python", "demo"), world)
    assert not (tmp_path / "started").exists()


def test_a_warm_start_loads_no_rattler_and_starts_nothing(channel: Path, world: World) -> None:
    spec = write(world.cwd, channel, "python", "demo")
    place = make(spec, world)
    code = f"""
import os, sys
from pathlib import Path
from reenact.environments import conda
from reenact.environments.conda_request import make_spec
from reenact.home import find_home
from reenact.report import Silence
from reenact.world import World
root = Path({str(world.cwd)!r})
world = World(find_home(os.environ), os.environ, root, Silence())
spec = make_spec("conda.yaml", root, world)
sys.addaudithook(lambda event, args: event == "subprocess.Popen" and sys.exit("started " + str(args)))
print(conda.realise(conda.lock(spec, root, world), root, world).path)
assert not {{"rattler", "asyncio", "subprocess"}} & set(sys.modules), "loaded"
"""
    done = subprocess.run([sys.executable, "-c", code], env=dict(world.environ), capture_output=True, text=True)
    assert done.stdout.strip() == place.path, done.stderr


def test_the_lock_names_every_artifact_with_its_hash_and_is_used_again(channel: Path, world: World) -> None:
    from reenact.environments.rattler_api import read_lock

    spec = write(world.cwd, channel, "python", "demo")
    lock = conda.lock(spec, world.cwd, world)
    path = world.cwd / "pixi.lock"
    path.write_text(lock.text)
    found = read_lock(path)
    assert {package.name for package in found.conda} == {"python", "demo"}
    assert all(package.sha256 and len(package.sha256) == 64 for package in found.conda)
    assert lock.python == ".".join(map(str, sys.version_info[:3]))
    assert "__glibc" in lock.text
    assert conda.lock(spec, world.cwd, world) == lock


def test_a_new_version_in_the_channel_changes_nothing_until_upgrade(
    channel: Path, world: World, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    write_package(own, Recipe("thing", "1.0", {"share/thing": File(b"1")}))
    index_channel(own)
    spec = write(world.cwd, own, "thing")
    first = conda.lock(spec, world.cwd, world)
    write_package(own, Recipe("thing", "1.1", {"share/thing": File(b"2")}))
    index_channel(own)
    assert conda.lock(spec, world.cwd, world) == first
    assert "thing-1.1" in conda.lock(spec, world.cwd, world, upgrade=True).text


def test_a_build_string_and_a_channel_of_its_own_are_honoured(channel: Path, world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_package(other, make_module_recipe("demo", "3.0", DEMO.format(version="3.0"), command="demo-cli"))
    index_channel(other)
    spec = write(world.cwd, channel, "python", f"{other.as_uri()}::demo", "data=1.0=h7_1")
    place = make(spec, world)
    assert run(place, "demo-cli", world) == "demo 3.0"
    assert run(place, "ls $CONDA_PREFIX/share/data | wc -l", world) == "300"


def test_the_first_channel_wins_whatever_the_next_one_has(channel: Path, world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_package(other, make_module_recipe("demo", "3.0", DEMO.format(version="3.0")))
    index_channel(other)
    write(world.cwd, channel, "demo")
    text = (world.cwd / "conda.yaml").read_text()
    for order, version in (((channel, other), "2.0"), ((other, channel), "3.0")):
        listed = "".join(f"  - {folder.as_uri()}\n" for folder in order)
        (world.cwd / "conda.yaml").write_text(text.replace(f"  - {channel.as_uri()}\n", listed))
        spec = make_spec("conda.yaml", world.cwd, world)
        assert f"demo-{version}" in conda.lock(spec, world.cwd, world).text


def test_a_native_package_knows_its_prefix_and_is_activated(channel: Path, world: World) -> None:
    if not list((channel / SUBDIR).glob("where-native*")):
        pytest.skip("no C compiler here")
    spec = write(world.cwd, channel, "where-native", more="variables:\n  NATIVE_DATA: from the file\n  MINE: '1'\n")
    place = make(spec, world)
    assert run(place, "where-native", world) == f"native at {place.path}/share"
    assert run(place, "where-script", world) == f"script at {place.path}"
    assert run(place, "echo $NATIVE_HOME", world) == f"{place.path}/share/native"
    assert run(place, "echo $PATH", world).startswith(f"{place.path}/native/bin:{place.path}/bin:")
    assert run(place, "echo $NATIVE_DATA, $MINE", world) == "from the file, 1"
    again = make(spec, world)
    assert again == place, "what activation sets is kept beside the marker"


def test_a_virtual_package_can_be_pretended(channel: Path, world: World) -> None:
    spec = write(world.cwd, channel, "needs-gpu")
    without = world._replace(environ={**world.environ, "CONDA_OVERRIDE_CUDA": ""})
    with pytest.raises(BuildError, match="__cuda") as raised:
        conda.lock(spec, world.cwd, without)
    assert "CONDA_OVERRIDE_CUDA" in (raised.value.hint or "")
    pretended = world._replace(environ={**world.environ, "CONDA_OVERRIDE_CUDA": "12.4"})
    assert "needs-gpu" in conda.lock(spec, world.cwd, pretended).text


@pytest.mark.parametrize(
    ("packages", "cause"),
    [
        (("nothere",), "no channel has nothere"),
        (("python >=4",), "no channel has python >=4"),
        (("broken",), "does-not-exist"),
        (("python", "demo=2.0=wrong_0"), "demo"),
    ],
)
def test_what_cannot_be_solved_says_why_first(
    channel: Path, world: World, packages: tuple[str, ...], cause: str
) -> None:
    with pytest.raises(BuildError) as raised:
        conda.lock(write(world.cwd, channel, *packages), world.cwd, world)
    assert cause in raised.value.message.partition("\n")[0] or cause in raised.value.message
    assert raised.value.message.startswith("solving failed: ")
    assert "  rattler: " in raised.value.message
    assert not environments(world)


def test_a_channel_that_cannot_be_reached_is_named(world: World) -> None:
    spec = write(world.cwd, "http://127.0.0.1:9/channel", "python")
    with pytest.raises(BuildError, match=r"a channel cannot be reached \(http://127.0.0.1:9/channel\)"):
        conda.lock(spec, world.cwd, world)


def test_a_channel_that_does_not_exist_is_named(world: World, tmp_path: Path) -> None:
    spec = write(world.cwd, tmp_path / "nowhere", "python")
    with pytest.raises(BuildError, match="a channel does not exist"):
        conda.lock(spec, world.cwd, world)


def test_a_match_spec_that_cannot_be_read_is_shown_with_its_line(channel: Path, world: World) -> None:
    spec = write(world.cwd, channel, "python", "numpy=>1")
    with pytest.raises(ProjectError, match=r"conda.yaml:5:5: error: 'numpy=>1'"):
        conda.lock(spec, world.cwd, world)


@pytest.mark.parametrize("damage", ["other bytes", "cut short", "gone"])
def test_a_package_that_is_not_the_locked_one_is_never_installed(world: World, tmp_path: Path, damage: str) -> None:
    own = tmp_path / "own"
    package = write_package(own, Recipe("thing", "1.0", {"share/thing": File(b"right")}))
    index_channel(own)
    lock = conda.lock(write(world.cwd, own, "thing"), world.cwd, world)
    if damage == "gone":
        package.unlink()
    elif damage == "cut short":
        package.write_bytes(package.read_bytes()[:200])
    else:
        write_package(own, Recipe("thing", "1.0", {"share/thing": File(b"wrong")}))
    wanted = "not in its channel any more" if damage == "gone" else "hash mismatch"
    with pytest.raises(BuildError, match=wanted) as raised:
        conda.realise(lock, world.cwd, world)
    assert wanted in raised.value.message.partition("\n")[0]
    assert not environments(world)
