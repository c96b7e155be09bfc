"""Conda environments for real: a local channel with a CPython, solved, locked, linked, and run from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reenact.codec import decode, encode
from reenact.environments import Place, conda, lock, realise
from reenact.environments.collect import Limits
from reenact.environments.committed import find_committed
from reenact.environments.conda.request import make_spec
from reenact.environments.conda.store import list_unlinked
from reenact.environments.export import make_export, render
from reenact.environments.launch import Site
from reenact.environments.packages import list_packages
from reenact.environments.shelf import look
from reenact.environments.sweep import find_leftovers, sweep
from reenact.errors import BuildError, ProjectError, UnsupportedError
from reenact.files import lock as locked
from reenact.home import Home
from reenact.locking import Wanted, check_lock, write_lock
from reenact.plan import Command, CondaSpec, EnvironmentLock, EnvironmentSpec, Plan, Snapshot
from reenact.prepare import Request
from reenact.report import Memory
from reenact.world import World
from tests.environments.conda.serving import serve

from .channel import (
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

BACKEND = """
import zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "mine-0.1-py3-none-any.whl"
    info = "mine-0.1.dist-info"
    with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
        wheel.writestr("mine.py", "V = '0.1'\\n")
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: mine\\nVersion: 0.1\\n")
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/RECORD", "")
    return name
"""

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
    write_package(folder, make_module_recipe("leaf", "0.9", "V = '0.9'\n"))
    write_package(folder, Recipe("broken", "1.0", {}, depends=("does-not-exist >=1",)))
    write_package(folder, Recipe("needs-gpu", "1.0", {"share/gpu": File(b"gpu")}, depends=("__cuda >=12",)))
    data = File(b"x" * 1000)
    write_package(folder, Recipe("data", "1.0", {f"share/data/{i}": data for i in range(300)}, build="h7_1"))
    if native := make_native_recipe(folder):
        write_package(folder, native)
    index_channel(folder)


@pytest.fixture
def index_folder(tmp_path: Path) -> Path:
    """A package index (PEP 503) in a folder: leaf 1.0 and 1.5, user that needs leaf, victim."""
    folder = tmp_path / "index"
    for name, version, more in (
        ("leaf", "1.0", ""),
        ("leaf", "1.5", ""),
        ("user", "1.0", "Requires-Dist: leaf\n"),
        ("demo", "9.0", ""),
        ("victim", "1.0", ""),
    ):
        write_wheel(folder / "files", name, version, f"V = '{version}'\n", more)
    for name in ("leaf", "user", "demo", "victim"):
        write_index(folder, name)
    return folder


@pytest.fixture
def index(index_folder: Path) -> Iterator[str]:
    """Its address."""
    with serve(index_folder) as address:
        yield f"{address}/simple"


def write_wheel(folder: Path, name: str, version: str, source: str, more: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", source)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def write_index(folder: Path, name: str) -> None:
    links = ""
    for wheel in sorted((folder / "files").glob(f"{name}-*.whl")):
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        links += f'<a href="/files/{wheel.name}#sha256={digest}">{wheel.name}</a>\n'
    page = folder / "simple" / name / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(links)


def write_local(folder: Path) -> None:
    """A project that builds itself, without a network."""
    folder.mkdir()
    build = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    (folder / "pyproject.toml").write_text(f"[project]\nname = 'mine'\nversion = '0.1'\n{build}")
    (folder / "backend.py").write_text(BACKEND)


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
    plan = Plan("p", "main", Snapshot("directory", "."), Command(text), CondaSpec())
    around = world._replace(environ={**world.environ, **environ})
    launch = conda.wrap(plan.command, place, Site(plan, world.home.runs / "r", world.cwd, around))
    done = subprocess.run(launch.argv, env=dict(launch.environ), cwd=launch.cwd, capture_output=True, text=True)
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


def test_packages_go_with_the_last_environment_that_has_them(channel: Path, world: World) -> None:
    make(write(world.cwd, channel, "python", "demo <2"), world)
    assert list_unlinked(world.home) == []
    assert find_leftovers(Limits(), world).packages == ()
    swept = sweep(find_leftovers(Limits(size=0), world), world)
    assert [each.why for each in swept.environments] == ["size"]
    assert {each.name.partition("-")[0] for each in swept.packages} >= {"python", "demo"}
    place = make(write(world.cwd, channel, "python", "demo <2"), world)
    assert run(place, "demo-cli a", world) == "demo 1.0 a"


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
from reenact.environments.conda.request import make_spec
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
    from reenact.environments.conda.rattler_api import read_lock

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


def test_a_command_that_calls_a_python_that_is_not_there_is_told_whose_it_is(channel: Path, world: World) -> None:
    if not list((channel / SUBDIR).glob("where-native*")):
        pytest.skip("no C compiler here")
    place = make(write(world.cwd, channel, "where-native"), world)
    assert isinstance(report := world.report, Memory)
    machines = f"that of the machine runs, {world.find_program('python3')}"
    said = f"the environment has no python3: {machines}; to have one, add python to the conda file"
    for text in ("python3 -V", "cd . && X=1 python3 -V", "if true; then python3 -V; fi"):
        assert run(place, text, world).startswith("Python 3")
        assert report.told.pop() == ("warn", said)
    assert run(place, "echo python3 -V; type -t where-native", world) == "python3 -V\nfile"
    assert run(make(write(world.cwd, channel, "python"), world), "python3 -V", world).startswith("Python 3")
    assert "warn" not in dict(report.told)


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


def test_pip_lines_are_resolved_against_what_conda_provides(channel: Path, world: World, index: str) -> None:
    """Several lists, -r, index options, local code; ``demo`` is conda's and stays conda's."""
    from reenact.environments.conda.rattler_api import read_lock

    (world.cwd / "more.txt").write_text("leaf>=1\n")
    write_local(world.cwd / "mine")
    pip = f"  - pip:\n    - --index-url {index}\n    - user\n  - pip: ['-r more.txt', demo, ./mine]\n"
    spec = write(world.cwd, channel, "python", "demo <2", more=pip)
    lock = conda.lock(spec, world.cwd, world)
    (world.cwd / "pixi.lock").write_text(lock.text)
    added = {package.name: package.location for package in read_lock(world.cwd / "pixi.lock").pip}
    assert set(added) == {"user", "leaf", "mine"}
    assert added["leaf"].startswith(index.replace("simple", "files"))
    assert "leaf-1.5-py3-none-any.whl#sha256=" in added["leaf"]
    assert added["mine"].startswith("./mine#blake3=")
    place = conda.realise(lock, world.cwd, world)
    code = "import demo, leaf, mine, user; print(demo.__version__, leaf.V, user.V, mine.V)"
    assert run(place, f'python -c "{code}"', world) == "1.0 1.5 1.0 0.1"
    standing = look(Path(place.path or ""))
    assert standing is not None
    assert (standing.kind, standing.python, standing.packages) == ("conda", lock.python, 5)
    assert standing.lock_file is not None
    assert standing.lock_file.read_text() == lock.text


def test_a_pip_line_that_asks_for_another_version_replaces_condas(channel: Path, world: World, index: str) -> None:
    pip = f"  - pip: ['--index-url {index}', 'leaf==1.0']\n"
    base = make(write(world.cwd, channel, "python", "leaf", more=""), world)
    assert run(base, 'python -c "import leaf; print(leaf.V)"', world) == "0.9"
    place = make(write(world.cwd, channel, "python", "leaf", more=pip), world)
    assert run(place, 'python -c "import leaf; print(leaf.V)"', world) == "1.0"
    assert run(base, 'python -c "import leaf; print(leaf.V)"', world) == "0.9", "the other environment is untouched"


def test_a_wheel_that_is_not_the_locked_one_is_never_installed(
    channel: Path, world: World, index: str, index_folder: Path
) -> None:
    pip = f"  - pip: ['--index-url {index}', 'victim']\n"
    lock = conda.lock(write(world.cwd, channel, "python", more=pip), world.cwd, world)
    write_wheel(index_folder / "files", "victim", "1.0", "V = 'evil'\n")
    with pytest.raises(BuildError, match="hash mismatch") as raised:
        conda.realise(lock, world.cwd, world)
    assert "  uv: " in raised.value.message
    assert raised.value.hint is None, "the folder of the step is gone: a run tells how to repeat it"
    assert not (world.home.environments / lock.key).exists()


def test_an_edit_of_local_code_keeps_the_versions_of_everything_else(
    channel: Path, world: World, index: str, index_folder: Path
) -> None:
    write_local(world.cwd / "mine")
    pip = f"  - pip: ['--index-url {index}', user, -e ./mine]\n"
    first = conda.lock(write(world.cwd, channel, "python", more=pip), world.cwd, world)
    assert "leaf-1.5" in first.text
    write_wheel(index_folder / "files", "leaf", "2.0", "V = '2.0'\n")
    write_index(index_folder, "leaf")
    (world.cwd / "mine" / "new.py").write_text("")
    second = conda.lock(write(world.cwd, channel, "python", more=pip), world.cwd, world)
    assert second != first
    assert "leaf-1.5" in second.text
    third = conda.lock(write(world.cwd, channel, "python", more=pip), world.cwd, world, upgrade=True)
    assert "leaf-2.0" in third.text


def test_wheels_in_a_folder_of_the_project(channel: Path, world: World) -> None:
    write_wheel(world.cwd / "wheels", "own", "1.0", "V = '1.0'\n")
    pip = "  - pip: ['--no-index', '--find-links ./wheels', own]\n"
    spec = write(world.cwd, channel, "python", more=pip)
    lock = conda.lock(spec, world.cwd, world)
    assert "./wheels/own-1.0-py3-none-any.whl#sha256=" in lock.text
    place = conda.realise(lock, world.cwd, world)
    assert run(place, 'python -c "import own; print(own.V)"', world) == "1.0"


def test_a_lock_is_enough_on_an_empty_home(channel: Path, world: World, index: str, tmp_path: Path) -> None:
    pip = f"  - pip: ['--index-url {index}', user]\n"
    lock = conda.lock(write(world.cwd, channel, "python", "demo <2", more=pip), world.cwd, world)
    elsewhere = world._replace(home=Home(tmp_path / "elsewhere"), cwd=tmp_path)
    place = conda.realise(lock, tmp_path, elsewhere)
    assert run(place, 'python -c "import demo, user; print(demo.__version__)"', elsewhere) == "1.0"


def test_a_package_that_left_its_server_is_told(channel: Path, world: World, tmp_path: Path) -> None:
    served = tmp_path / "served"
    shutil.copytree(channel, served, copy_function=os.link)
    with serve(served) as address:
        lock = conda.lock(write(world.cwd, address, "data"), world.cwd, world)
        (served / SUBDIR / "data-1.0-h7_1.conda").unlink()
        with pytest.raises(BuildError, match="not in its channel any more"):
            conda.realise(lock, world.cwd, world)


def test_a_post_link_script_is_not_run_and_said(world: World, tmp_path: Path) -> None:
    own = tmp_path / "own"
    script = File(f"#!/bin/sh\ntouch {tmp_path}/started\n".encode(), 0o755)
    write_package(own, Recipe("thing", "1.0", {"bin/.thing-post-link.sh": script}))
    index_channel(own)
    make(write(world.cwd, own, "thing"), world)
    assert not (tmp_path / "started").exists()
    assert isinstance(world.report, Memory)
    assert any(kind == "warn" and "thing" in text and "post-link" in text for kind, text in world.report.told)


def test_an_interrupt_ends_it_and_leaves_nothing(channel: Path, world: World) -> None:
    lock = conda.lock(write(world.cwd, channel, "python", "demo", "data"), world.cwd, world)
    (process,) = start(world, lock, 1)
    awaited = world.home.packages / "conda"
    while not awaited.exists() and process.poll() is None:
        pass
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert not environments(world)


def test_over_http_hashes_are_checked_too(channel: Path, world: World, tmp_path: Path) -> None:
    served = tmp_path / "served"
    shutil.copytree(channel, served, copy_function=os.link)
    with serve(served) as address:
        spec = write(world.cwd, address, "python", "demo", "data")
        lock = conda.lock(spec, world.cwd, world)
        package = served / "noarch" / "demo-2.0-py_0.conda"
        package.unlink()
        write_package(served, make_module_recipe("demo", "2.0", "evil = 1\n", command="demo-cli"))
        with pytest.raises(BuildError, match="hash mismatch") as raised:
            conda.realise(lock, world.cwd, world)
        assert "hash mismatch" in raised.value.message.partition("\n")[0]
        assert not environments(world)
        package.unlink()
        os.link(channel / "noarch" / package.name, package)
        # A home of its own: rattler's threads, which as a rule end with the process, may be unpacking into the first.
        elsewhere = world._replace(home=Home(tmp_path / "elsewhere"))
        place = conda.realise(lock, world.cwd, elsewhere)
        assert run(place, "demo-cli", elsewhere) == "demo 2.0"


def test_what_a_project_does_to_its_environment_stays_there(channel: Path, world: World, tmp_path: Path) -> None:
    first = make(write(world.cwd, channel, "data"), world)
    victim = Path(first.path or "") / "share" / "data" / "7"
    assert not victim.stat().st_mode & 0o222, "a file that others share cannot be written to"
    victim.chmod(0o644)
    victim.write_text("changed in place, as root or on purpose")
    replaced = victim.with_name("8")
    replaced.unlink()
    replaced.write_text("replaced, as anybody may")
    second = make(write(world.cwd, channel, "data", "demo"), world)
    assert second.path != first.path
    for name in ("7", "8"):
        assert (Path(second.path or "") / "share" / "data" / name).read_text() == "x" * 1000
    assert victim.read_text().startswith("changed")


def test_packages_are_kept_once(channel: Path, world: World) -> None:
    places = [make(write(world.cwd, channel, "data", *more), world) for more in ((), ("demo",), ("python",))]
    files = {(Path(place.path or "") / "share" / "data" / "5").stat().st_ino for place in places}
    assert len(files) == 1


REALISE = """
import os, sys
from pathlib import Path
from reenact.codec import decode
from reenact.environments import conda
from reenact.environments.conda import build, rattler_api
from reenact.home import find_home
from reenact.plan import EnvironmentLock
from reenact.report import Silence
from reenact.world import World
root = Path.cwd()
world = World(find_home(os.environ), os.environ, root, Silence())
lock = decode(EnvironmentLock, (root / "lock.json").read_bytes())
print("ready", flush=True)
sys.stdin.readline()
conda.realise(lock, root, world)
"""


def start(world: World, lock: EnvironmentLock, count: int) -> list[subprocess.Popen[str]]:
    """Processes that all make the environment of ``lock``, from the same moment on."""
    (world.cwd / "lock.json").write_bytes(encode(lock))
    pipe = subprocess.PIPE
    environ = dict(world.environ)
    argv = (sys.executable, "-c", REALISE)
    found = [
        subprocess.Popen(argv, cwd=world.cwd, env=environ, stdin=pipe, stdout=pipe, text=True) for _ in range(count)
    ]
    for process in found:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in found:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return found


def test_two_at_once_make_it_once(channel: Path, world: World) -> None:
    lock = conda.lock(write(world.cwd, channel, "python", "demo", "data"), world.cwd, world)
    for process in start(world, lock, 3):
        process.communicate(timeout=120)
        assert process.returncode == 0
    place = conda.realise(lock, world.cwd, world)
    assert run(place, "demo-cli", world) == "demo 2.0"
    assert len(environments(world)) == 1


@pytest.mark.parametrize(
    "sign",
    [
        "packages/conda",
        "packages/conda/data-1.0-h7_1/share/data/150",
        "environments/{key}/pixi.lock",
        "environments/{key}/conda-meta",
        "environments/{key}/share/data",
        "environments/{key}/bin/demo-cli",
        "environments/{key}/reenact.json",
    ],
)
def test_killed_at_any_moment_it_leaves_nothing_that_counts(channel: Path, world: World, sign: str) -> None:
    lock = conda.lock(write(world.cwd, channel, "python", "demo", "data"), world.cwd, world)
    folder = world.home.environments / lock.key
    awaited = world.home.root / sign.format(key=lock.key)
    (process,) = start(world, lock, 1)
    deadline = time.monotonic() + 60
    while not awaited.exists() and process.poll() is None and time.monotonic() < deadline:
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert awaited.exists()
    place = conda.realise(lock, world.cwd, world)
    assert place.path == str(folder)
    assert run(place, "demo-cli", world) == "demo 2.0"
    assert run(place, "cat $CONDA_PREFIX/share/data/* | wc -c", world) == "300000"
    assert run(place, "python -c 'import asyncio, json, sqlite3, ssl'", world) == ""


def test_a_package_that_was_half_unpacked_is_unpacked_again(channel: Path, world: World) -> None:
    lock = conda.lock(write(world.cwd, channel, "data"), world.cwd, world)
    conda.realise(lock, world.cwd, world)
    unpacked = world.home.packages / "conda" / "data-1.0-h7_1" / "share" / "data"
    for name in ("1", "2"):
        (unpacked / name).unlink()
    (unpacked / "3").chmod(0o644)
    (unpacked / "3").write_text("cut")
    place = make(write(world.cwd, channel, "data", "demo"), world)
    assert run(place, "cat $CONDA_PREFIX/share/data/* | wc -c", world) == "300000"


def test_without_the_extra_it_is_named(channel: Path, world: World) -> None:
    write(world.cwd, channel, "python")
    code = f"""
import os, sys
from pathlib import Path
sys.modules["rattler"] = None
from reenact.environments import conda
from reenact.environments.conda.request import make_spec
from reenact.errors import UnsupportedError
from reenact.home import find_home
from reenact.report import Silence
from reenact.world import World
root = Path({str(world.cwd)!r})
world = World(find_home(os.environ), os.environ, root, Silence())
try:
    conda.lock(make_spec("conda.yaml", root, world), root, world)
except UnsupportedError as problem:
    print(problem.hint)
"""
    done = subprocess.run([sys.executable, "-c", code], env=dict(world.environ), capture_output=True, text=True)
    assert "pip install 'reenact[conda]'" in done.stdout, done.stderr


def test_a_process_that_ends_right_after_a_solve_ends_well(channel: Path, world: World) -> None:
    """rattler's threads may still be inside Python then, which ends one of five such processes by a signal."""
    code = f"""
import sys
from pathlib import Path
from reenact.environments.conda.rattler_api import Question, solve
from reenact.home import Home
solve(Question(({channel.as_uri()!r},), ("data",), "linux-64", {{}}), Home(Path({str(world.home.root)!r})))
sys.exit(7)
"""
    ends = {subprocess.run([sys.executable, "-c", code], env=dict(world.environ)).returncode for _ in range(10)}
    assert ends == {7}


def test_inside_an_event_loop(channel: Path, world: World) -> None:
    import asyncio

    spec = write(world.cwd, channel, "data")

    async def notebook() -> Place:
        return make(spec, world)

    assert asyncio.run(notebook()).path


def test_a_lock_for_another_platform_is_refused(channel: Path, world: World) -> None:
    lock = conda.lock(write(world.cwd, channel, "data"), world.cwd, world)
    with pytest.raises(UnsupportedError, match="resolved for osx-arm64"):
        conda.realise(lock._replace(platform="osx-arm64"), world.cwd, world)
    assert not environments(world)


def test_a_password_of_a_channel_is_in_no_record(channel: Path, world: World) -> None:
    with serve(channel) as address:
        secret = address.replace("http://", "http://me:hunter2@")
        spec = write(world.cwd, secret, "data")
        lock = conda.lock(spec, world.cwd, world)
        place = conda.realise(lock, world.cwd, world)
    assert "hunter2" not in f"{spec}{lock}"
    assert run(place, "ls $CONDA_PREFIX/share/data | wc -l", world) == "300"
    private = world.home.packages / "channels"
    assert private.stat().st_mode & 0o077 == 0
    kept = [path for path in world.home.root.rglob("*") if path.is_file() and private not in path.parents]
    assert kept
    assert not [path for path in kept if b"hunter2" in path.read_bytes()]


def test_its_plan_and_lock_survive_json(channel: Path, world: World) -> None:
    spec = write(world.cwd, channel, "data", more="variables: {A: b}\n")
    assert decode(EnvironmentSpec, encode(spec)) == spec  # type: ignore[arg-type]


def make_dated_channel(folder: Path, dateless: str = "") -> Path:
    """A channel with lib 1.0, of January 2020, and lib 2.0, of January 2022; of one version it does not say that."""
    for version, moment in (("1.0", 1_577_836_800_000), ("2.0", 1_640_995_200_000)):
        files = {"share/lib": File(version.encode())}
        write_package(folder, Recipe("lib", version, files, extra={"timestamp": moment}))
    index_channel(folder)
    index = folder / SUBDIR / "repodata.json"
    found = json.loads(index.read_text())
    for package in found["packages.conda"].values():
        # The indexer says when it saw a package, which counts more than when that was built.
        package.pop("indexed_timestamp", None)
        if package["version"] == dateless:
            del package["timestamp"]
    index.write_text(json.dumps(found))
    index.with_name("repodata.json.zst").unlink(missing_ok=True)
    return folder


def test_a_moment_hides_what_came_later(tmp_path: Path, project_dir: Path, world: World) -> None:
    spec = write(project_dir, make_dated_channel(tmp_path / "dated"), "lib")
    today = conda.lock(spec, project_dir, world)
    then = conda.lock(spec._replace(as_of="2021-01-01T00:00:00Z"), project_dir, world)
    assert "lib-2.0" in today.text
    assert "lib-1.0" in then.text
    with pytest.raises(BuildError):
        conda.lock(spec._replace(as_of="2019-01-01T00:00:00Z"), project_dir, world)


def test_a_build_without_a_date_is_named_where_an_older_one_serves(
    tmp_path: Path, project_dir: Path, world: World
) -> None:
    then = "2021-01-01T00:00:00Z"
    spec = write(project_dir, make_dated_channel(tmp_path / "dated", dateless="2.0"), "lib")
    for _ in range(2):
        found = conda.lock(spec._replace(as_of=then), project_dir, world)
        assert "lib-1.0" in found.text
        (told,) = found.notes
        assert told.startswith("the channel gives no upload dates for lib 2.0 (")
        assert told.endswith("): none of these builds counts under --as-of")
        assert isinstance(world.report, Memory)
        assert ("warn", told) in world.report.told
    assert conda.lock(spec, project_dir, world).notes == ()
    spec = write(project_dir, make_dated_channel(tmp_path / "older", dateless="1.0"), "lib")
    assert conda.lock(spec._replace(as_of="2022-06-01T00:00:00Z"), project_dir, world).notes == ()


def test_a_pip_file_without_a_date_is_named_too(
    channel: Path, project_dir: Path, world: World, dated_index: str
) -> None:
    then = "2100-01-01T00:00:00Z"
    pip = f"  - pip: ['--index-url {dated_index}', partly]\n"
    spec = write(project_dir, channel, "python", more=pip)
    found = conda.lock(spec._replace(as_of=then, pip=spec.pip._replace(as_of=then)), project_dir, world)
    assert "partly-1.0" in found.text
    (told,) = (note for note in found.notes if "package index" in note)
    assert told == "the package index gives no upload dates for partly: none of these files counts under --as-of"


def test_a_committed_lock_is_used(tmp_path: Path, project_dir: Path, world: World) -> None:
    folder = make_dated_channel(tmp_path / "dated")
    spec = write(project_dir, folder, "lib<2")
    wanted = Wanted(project_dir, project_dir / "reenact.lock")
    request = Request(".", env_manager="conda")
    assert write_lock(wanted, request, world).packages == 1
    assert check_lock(wanted, request, world).stale == ()
    other = world._replace(home=Home(tmp_path / "other"))
    committed = find_committed(spec, project_dir, other)
    assert committed is not None
    assert committed.stale == ()
    found = lock(spec, project_dir, other, committed=committed)
    place = realise(found, project_dir, other)
    assert Path(place.path or "", "share/lib").read_text() == "1.0"
    write(project_dir, folder, "lib")
    assert set(check_lock(wanted, request, world).stale) == {"new: packages lib", "gone: packages lib<2"}
    (stale,) = check_lock(wanted, request._replace(env_manager="uv"), world).stale
    assert stale == "it was made with conda (--env-manager conda), and this is resolved with uv"


def test_an_exported_file_solves_to_the_same(channel: Path, world: World) -> None:
    lock = conda.lock(write(world.cwd, channel, "python", "demo", "data"), world.cwd, world)
    text = render(make_export("p", "1", "2024-01-01", lock), "environment.yml")
    (world.cwd / "conda.yaml").write_text(text)
    again = conda.lock(make_spec("conda.yaml", world.cwd, world), world.cwd, world)
    assert list_packages(again.text) == list_packages(lock.text)
    assert len(list_packages(lock.text)) > 2
