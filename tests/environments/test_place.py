"""To make an environment once, whatever happens meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from reenact.environments.marker import Marker, find_marker
from reenact.environments.place import Workbench, expect_platform, make_place
from reenact.errors import UnsupportedError
from reenact.home import Home
from reenact.plan import EnvironmentLock
from reenact.report import Memory
from reenact.world import World


@pytest.fixture
def world(home: Home, project_dir: Path) -> World:
    return World(home, {}, project_dir, Memory())


KEY = "0" * 64


@pytest.fixture
def bench(home: Home, project_dir: Path, world: World) -> Workbench:
    return Workbench(home.environments / KEY, project_dir, world)


def find(bench: Workbench) -> Callable[[], Marker | None]:
    return lambda: find_marker(bench.folder, KEY, "bin")


def fill(bench: Workbench) -> Marker:
    (bench.folder / "bin").mkdir()
    return Marker(KEY, "3.11.7")


def test_it_is_built_in_an_empty_folder_and_marked(bench: Workbench) -> None:
    bench.folder.mkdir(parents=True)
    (bench.folder / "left by a killed build").touch()
    seen: list[Path] = []

    def build(bench: Workbench) -> Marker:
        seen.extend(bench.folder.iterdir())
        assert bench.held
        assert find(bench)() is None
        return fill(bench)

    assert make_place(bench, find(bench), build) == Marker(KEY, "3.11.7") == find(bench)()
    assert seen == []


def test_one_that_fails_leaves_nothing(bench: Workbench) -> None:
    def build(bench: Workbench) -> Marker:
        (bench.folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_place(bench, find(bench), build)
    assert not bench.folder.exists()


def test_who_comes_second_waits_says_so_and_builds_nothing(bench: Workbench) -> None:
    building, told = threading.Event(), threading.Event()

    class Listener(Memory):
        def step(self, name: str, detail: str = "") -> None:
            super().step(name, detail)
            told.set()

    def build(bench: Workbench) -> Marker:
        building.set()
        assert told.wait(30)
        return fill(bench)

    def refuse(bench: Workbench) -> Marker:
        raise AssertionError("it was built twice")

    first = threading.Thread(target=make_place, args=(bench, find(bench), build))
    first.start()
    assert building.wait(30)
    second = bench._replace(world=bench.world._replace(report=Listener()))
    assert make_place(second, find(bench), refuse).key == KEY
    first.join()


def test_a_link_in_its_place_is_removed_and_its_target_kept(bench: Workbench, tmp_path: Path) -> None:
    bench.folder.parent.mkdir(parents=True)
    (tmp_path / "precious").touch()
    bench.folder.symlink_to(tmp_path)
    make_place(bench, find(bench), fill)
    assert (tmp_path / "precious").exists()
    assert not bench.folder.is_symlink()


def test_one_without_what_proves_it_is_made_again(bench: Workbench) -> None:
    make_place(bench, find(bench), fill)
    (bench.folder / "bin").rmdir()
    assert make_place(bench, find(bench), lambda bench: fill(bench)._replace(python="3.12.1")).python == "3.12.1"
    assert (bench.folder / "bin").is_dir()


def test_a_lock_of_another_platform_is_not_made() -> None:
    expect_platform(EnvironmentLock("python", platform="here"), "here")
    with pytest.raises(UnsupportedError, match="was resolved for there, and this is here"):
        expect_platform(EnvironmentLock("python", platform="there"), "here")
