"""The environments that stand in a home: held by runs, taken away beside them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from reenact import environments
from reenact.codec import encode
from reenact.environments import Place
from reenact.environments.marker import MARKER, Marker, find_marker
from reenact.environments.python import PROOF
from reenact.environments.python.sharing import find_shareable, list_unused
from reenact.environments.shelf import is_used, list_standing, list_trash, occupy, sweep_trash, take_away
from reenact.errors import StorageError
from reenact.files import hold, lock, seize, share
from reenact.home import Home
from reenact.plan import EnvironmentLock
from reenact.world import World
from tests.environments.python.test_python import ask


def put(home: Home, key: str, *, whole: bool = True, used: float = 0.0) -> Path:
    """Something that stands on the shelf."""
    folder = home.environments / key
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "module.py").write_text("x = 1\n")
    (folder / "pylock.toml").write_text("")
    if whole:
        marker = Marker(key, "3.11.7", packages=("tiny",), made="2026-11-23T06:00:00.000000Z")
        (folder / MARKER).write_bytes(encode(marker))
        os.utime(folder / MARKER, (used, used))
    return folder


def test_what_stands_is_listed_last_used_first(home: Home) -> None:
    assert list_standing(home) == []
    put(home, "aa", used=100.0)
    put(home, "bb", used=300.0)
    half = put(home, "cc", whole=False)
    os.utime(half, (200.0, 200.0))
    (home.environments / ".aa.lock").touch()
    found = list_standing(home)
    assert [(each.key, each.whole, each.used) for each in found] == [
        ("bb", True, 300.0),
        ("cc", False, 200.0),
        ("aa", True, 100.0),
    ]
    assert (found[0].kind, found[0].python, found[0].packages) == ("python", "3.11.7", 1)


def test_whoever_goes_in_is_noted_and_keeps_it(home: Home) -> None:
    folder = put(home, "aa", used=100.0)
    assert not is_used(folder)
    held = occupy(folder)
    assert held is not None
    assert (folder / MARKER).stat().st_mtime > 1e9
    assert is_used(folder)
    assert not take_away(folder)
    second = occupy(folder)
    assert second is not None, "runs share it"
    assert not os.get_inheritable(second)
    os.close(held)
    assert not take_away(folder)
    os.close(second)
    assert take_away(folder)
    assert not take_away(folder)
    assert os.listdir(home.environments) == []
    assert occupy(folder) is None


def test_one_that_is_being_made_stays(home: Home) -> None:
    folder = put(home, "aa", whole=False)
    with lock(home.environments / ".aa.lock"):
        assert not take_away(folder)
    assert take_away(folder)


def test_one_that_was_used_since_it_was_chosen_stays(home: Home) -> None:
    folder = put(home, "aa", used=100.0)
    assert not take_away(folder, used_until=99.0)
    assert take_away(folder, used_until=100.0)


def test_who_waits_for_the_lock_of_a_deleted_environment_gets_a_new_one(home: Home) -> None:
    folder = put(home, "aa")
    guard = home.environments / ".aa.lock"
    held = hold(guard)
    assert held is not None
    inodes: list[int] = []

    def make() -> None:
        with lock(guard) as descriptor:
            inodes.append(os.fstat(descriptor).st_ino)
            assert os.stat(guard).st_ino == inodes[0]

    thread = threading.Thread(target=make)
    thread.start()
    guard.unlink()
    os.close(held)
    thread.join(10)
    assert len(inodes) == 1
    assert folder.exists()


def test_a_file_that_was_replaced_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "marker"
    assert share(path) is None
    assert seize(path) is None
    path.touch()
    alone = seize(path)
    assert alone is not None
    found: list[int | None] = []
    thread = threading.Thread(target=lambda: found.append(share(path)))
    thread.start()
    path.unlink()
    os.close(alone)
    thread.join(10)
    assert found == [None]


def test_what_a_dead_collector_left_is_swept(home: Home) -> None:
    put(home, "aa")
    (home.environments / ".trash-bb-1" / "lib").mkdir(parents=True)
    (home.environments / ".cc.lock").touch()
    (home.environments / ".aa.lock").touch()
    assert {path.name for path in list_trash(home)} == {".trash-bb-1", ".cc.lock"}
    assert sweep_trash(home) == 2
    assert sorted(os.listdir(home.environments)) == [".aa.lock", "aa"]


def test_a_folder_that_cannot_be_moved_is_an_error(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(home, "aa")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
        with pytest.raises(StorageError, match="cannot take away"):
            take_away(folder)


COLLECT = """
import sys
from pathlib import Path
from reenact.environments.shelf import take_away
take_away(Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_collector_killed_at_any_moment_leaves_all_or_nothing(home: Home) -> None:
    import shutil
    import time

    folder = put(home, "aa")
    for at in range(2000):
        (folder / "lib" / f"m{at}.py").touch()
    saved = folder.with_name("saved")
    shutil.copytree(folder, saved)
    begin = time.monotonic()
    subprocess.run([sys.executable, "-c", COLLECT, str(folder)], check=True)
    duration = time.monotonic() - begin
    for part in range(8):
        if not folder.exists():
            shutil.copytree(saved, folder)
        child = subprocess.Popen([sys.executable, "-c", COLLECT, str(folder)])
        try:
            child.wait(duration * (part + 4) / 12)
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
        child.wait()
        if (folder / MARKER).exists():
            assert len(os.listdir(folder / "lib")) == 2001
        sweep_trash(home)
        assert set(os.listdir(home.environments)) <= {"aa", ".aa.lock", "saved"}


def enter(found: EnvironmentLock, folder: Path, world: World) -> tuple[Place, int]:
    inside = environments.enter(found, folder, world)
    assert inside.held is not None
    return inside.place, inside.held


def test_a_run_that_meets_the_collector_makes_it_again(project_dir: Path, world: World, wheels: Path) -> None:
    found = environments.lock(ask(["tiny"], project_dir, world, wheels), project_dir, world)
    first = environments.enter(found, project_dir, world)
    assert first.made
    assert first.held is not None
    os.close(first.held)
    met: list[bool] = []

    def realise(lock: EnvironmentLock, root: Path, world: World) -> Place:
        place = environments.realise(lock, root, world)
        if not met:
            # Between looking and holding.
            met.append(take_away(Path(place.path or "")))
        return place

    again = environments.enter(found, project_dir, world, realise)
    assert met == [True]
    assert again.made
    assert find_marker(Path(again.place.path or ""), found.key, PROOF)
    assert again.held is not None
    os.close(again.held)
    third = environments.enter(found, project_dir, world)
    assert not third.made
    assert third.held is not None
    os.close(third.held)


@pytest.mark.slow
def test_runs_and_collectors_at_the_same_time(project_dir: Path, world: World, wheels: Path) -> None:
    import time

    found = environments.lock(ask(["tiny"], project_dir, world, wheels), project_dir, world)
    folder = world.home.environments / found.key
    end = time.monotonic() + 4
    problems: list[BaseException] = []
    counts = {"entered": 0, "taken": 0}

    def live() -> None:
        try:
            while time.monotonic() < end:
                _, held = enter(found, project_dir, world)
                for _ in range(20):
                    assert find_marker(folder, found.key, PROOF)
                    assert (folder / "pyvenv.cfg").exists()
                os.close(held)
                counts["entered"] += 1
        except BaseException as problem:
            problems.append(problem)

    def collect() -> None:
        try:
            while time.monotonic() < end:
                counts["taken"] += take_away(folder)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=target) for target in (live, collect, collect)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert counts["entered"] > 1
    assert counts["taken"] > 0


def test_bytecode_of_the_same_file_is_shared(project_dir: Path, world: World, wheels: Path) -> None:
    import uv

    # Hard links need both on one file system.
    environ = {**world.environ, "UV_CACHE_DIR": str(world.home.root / "cache"), "UV_LINK_MODE": "hardlink"}
    world = world._replace(environ={**environ, "PYTHONDONTWRITEBYTECODE": "1", "UV_FIND_LINKS": str(wheels)})
    world.environ["UV_NO_INDEX"] = "1"  # type: ignore[index]
    places = []
    for lines in (["tiny"], ["tiny", "needy"]):
        found = environments.lock(ask(lines, project_dir, world), project_dir, world)
        places.append(Path(environments.realise(found, project_dir, world).path or ""))
    one, two = (next(place.glob("lib/*/site-packages/__pycache__/tiny.*.pyc")) for place in places)
    assert uv.find_uv_bin()
    assert one.samefile(two)
    script = "import tiny; print(tiny.main.__code__.co_filename, tiny.__cached__)"
    for place, cached in zip(places, (one, two), strict=True):
        said = subprocess.run([place / "bin/python", "-c", script], capture_output=True, text=True, check=True).stdout
        assert said.split() == [str(cached.parents[1] / "tiny.py"), str(cached)]


def make_deep_wheel(folder: Path, name: str, modules: tuple[str, ...]) -> None:
    """A wheel with modules in folders."""
    files = {
        **dict.fromkeys(modules, "value = 1\n"),
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{each},,\n" for each in [*files, f"{name}-1.0.dist-info/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{name}-1.0.dist-info/RECORD": record}.items():
            archive.writestr(path, text)


def test_bytecode_of_a_package_is_in_one_folder(project_dir: Path, world: World, wheels: Path) -> None:
    make_deep_wheel(wheels, "deep", ("deep/__init__.py", "deep/er/__init__.py", "both/one.py"))
    make_deep_wheel(wheels, "besides", ("both/two.py",))
    environ = {**world.environ, "UV_CACHE_DIR": str(world.home.root / "cache"), "UV_LINK_MODE": "hardlink"}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    world = world._replace(environ={**environ, "UV_FIND_LINKS": str(wheels), "UV_NO_INDEX": "1"})
    sites = []
    for lines in (["deep", "besides"], ["deep", "besides", "tiny"]):
        found = environments.lock(ask(lines, project_dir, world), project_dir, world)
        place = Path(environments.realise(found, project_dir, world).path or "")
        script = "import deep.er, both.one, both.two; print(deep.er.value)"
        said = subprocess.run([place / "bin/python", "-c", script], env=environ, capture_output=True, text=True)
        assert (said.stdout, said.stderr) == ("1\n", "")
        sites.append(next(place.glob("lib/*/site-packages")))
    one, two = sites
    for inner in ("deep", "deep/er"):
        assert (one / inner / "__pycache__").is_symlink()
        assert (one / inner / "__pycache__").resolve() == (two / inner / "__pycache__").resolve()
        assert len(list((one / inner / "__pycache__").glob("__init__.*.pyc"))) == 1
    assert not (one / "both/__pycache__").is_symlink(), "two packages have modules there"
    assert len(list(world.home.shared.iterdir())) == 2
    later = world.now() + 2 * 86400
    assert list(list_unused(world.home, list_standing(world.home), later)) == []
    take_away(two.parents[2])
    assert list(list_unused(world.home, list_standing(world.home), later)) == []
    take_away(one.parents[2])
    assert len(list(list_unused(world.home, list_standing(world.home), later))) == 2
    assert list(list_unused(world.home, [], world.now())) == [], "somebody may be about to link it"


def test_folders_of_tests_and_licences_are_shared(project_dir: Path, world: World, wheels: Path) -> None:
    licence = "deep-1.0.dist-info/licenses/a/LICENSE"
    files = ("deep/__init__.py", "deep/tests/__init__.py", "deep/tests/data/x.py", licence)
    make_deep_wheel(wheels, "deep", files)
    environ = {**world.environ, "UV_CACHE_DIR": str(world.home.root / "cache"), "UV_LINK_MODE": "hardlink"}
    world = world._replace(environ={**environ, "UV_FIND_LINKS": str(wheels), "UV_NO_INDEX": "1"})
    sites = []
    for lines in (["deep"], ["deep", "tiny"]):
        found = environments.lock(ask(lines, project_dir, world), project_dir, world)
        place = Path(environments.realise(found, project_dir, world).path or "")
        script = "import deep.tests.data.x as x; print(x.__file__)"
        said = subprocess.run([place / "bin/python", "-c", script], capture_output=True, text=True, check=True).stdout
        site = next(place.glob("lib/*/site-packages"))
        assert said == f"{site}/deep/tests/data/x.py\n"
        sites.append(site)
    for inner in ("deep/tests", "deep-1.0.dist-info/licenses"):
        assert all((site / inner).is_symlink() for site in sites)
        assert len({(site / inner).resolve() for site in sites}) == 1
        assert not os.readlink(sites[0] / inner).startswith("/"), "the home may be moved"
    assert (sites[1] / licence).read_text() == "value = 1\n"


def test_what_has_a_library_stays_in_its_place() -> None:
    files = {
        "p": ["p/tests/a.py", "p/tests/b/c.py", "p/q/tests/x.so", "p/q/tests/y.py", "p/r/test/z.py", "tests/top.py"],
        "q": ["q-1.dist-info/METADATA", "q-1.dist-info/licenses/LICENSE", "q/libs.so.1"],
    }
    assert find_shareable(files) == ("p/r/test", "p/tests", "q-1.dist-info/licenses")


def test_environments_share_the_files_of_an_index(project_dir: Path, world: World, wheels: Path) -> None:
    environ = {**world.environ, "UV_CACHE_DIR": str(world.home.root / "cache"), "UV_LINK_MODE": "hardlink"}
    world = world._replace(environ=environ)
    modules = []
    for name in ("tiny", "needy"):
        lines = ["six==1.16.0", f"--find-links {wheels}", name]
        found = environments.lock(ask(lines, project_dir, world), project_dir, world)
        place = environments.realise(found, project_dir, world)
        modules.append(next(Path(place.path or "").glob("lib/*/site-packages/six.py")))
    assert modules[0] != modules[1]
    assert modules[0].samefile(modules[1])
    lists = [next(module.parent.glob("six-*.dist-info/RECORD")) for module in modules]
    assert lists[0].samefile(lists[1])
    assert "six.py,sha256=" in lists[0].read_text()
