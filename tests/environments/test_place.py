"""To make an environment once, whatever happens meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from reenact.environments.marker import MARKER
from reenact.environments.place import make_place
from reenact.home import Home
from reenact.report import Memory
from reenact.world import World


@pytest.fixture
def world(home: Home, project_dir: Path) -> World:
    return World(home, {}, project_dir, Memory())


@pytest.fixture
def folder(home: Home) -> Path:
    return home.environments / ("0" * 64)


def is_complete(folder: Path) -> bool:
    return (folder / MARKER).exists()


def test_it_is_built_in_an_empty_folder(folder: Path, world: World) -> None:
    folder.mkdir(parents=True)
    (folder / "left by a killed build").touch()
    seen: list[Path] = []

    def build(descriptor: int) -> None:
        seen.extend(folder.iterdir())
        (folder / MARKER).touch()

    make_place(folder, lambda: is_complete(folder), build, world)
    assert seen == []
    assert is_complete(folder)


def test_one_that_fails_leaves_nothing(folder: Path, world: World) -> None:
    def build(descriptor: int) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_place(folder, lambda: is_complete(folder), build, world)
    assert not folder.exists()


def test_who_comes_second_waits_says_so_and_builds_nothing(folder: Path, world: World) -> None:
    building, told = threading.Event(), threading.Event()

    class Listener(Memory):
        def step(self, name: str, detail: str = "") -> None:
            super().step(name, detail)
            told.set()

    def build(descriptor: int) -> None:
        building.set()
        assert told.wait(30)
        (folder / MARKER).touch()

    def refuse(descriptor: int) -> None:
        raise AssertionError("it was built twice")

    first = threading.Thread(target=make_place, args=(folder, lambda: is_complete(folder), build, world))
    first.start()
    assert building.wait(30)
    make_place(folder, lambda: is_complete(folder), refuse, world._replace(report=Listener()))
    first.join()
    assert is_complete(folder)


def test_a_link_in_its_place_is_removed_and_its_target_kept(folder: Path, world: World, tmp_path: Path) -> None:
    folder.parent.mkdir(parents=True)
    (tmp_path / "precious").touch()
    folder.symlink_to(tmp_path)
    make_place(folder, lambda: is_complete(folder), lambda descriptor: (folder / MARKER).touch(), world)
    assert (tmp_path / "precious").exists()
    assert not folder.is_symlink()
