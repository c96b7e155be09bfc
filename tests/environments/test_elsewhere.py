"""A lock that was made on another machine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reenact.environments.elsewhere import bring_here
from reenact.environments.settings import platform_tag
from reenact.plan import EnvironmentLock
from reenact.world import World
from tests.environments.conftest import told

VERSION = ".".join(map(str, sys.version_info[:3]))
LOCK = EnvironmentLock("python", "", VERSION, "/elsewhere/bin/python3", platform_tag())


@pytest.fixture
def world(world: World) -> World:
    """One that downloads nothing."""
    return world._replace(environ={**world.environ, "UV_PYTHON_DOWNLOADS": "never"})


def test_the_same_python_may_lie_elsewhere(world: World) -> None:
    lock, problems = bring_here(LOCK, world)
    assert problems == []
    assert Path(lock.interpreter or "").exists()
    assert lock._replace(interpreter=LOCK.interpreter) == LOCK
    assert told(world) == []


def test_another_python_at_its_place_is_not_taken_for_it(world: World, tmp_path: Path) -> None:
    other = tmp_path / "python3"
    other.write_text(f'#!/bin/sh\necho \'["{other}", "3.1.4", "cpython"]\'\n')
    other.chmod(0o755)
    lock, problems = bring_here(LOCK._replace(interpreter=str(other)), world)
    assert problems == []
    assert lock.interpreter != str(other)


def test_another_patch_version_will_not_do(world: World) -> None:
    lock, problems = bring_here(LOCK._replace(python=f"{VERSION}99"), world)
    assert lock.interpreter is None
    assert [problem for problem in problems if f"Python {VERSION}99 is not on this machine" in problem]


def test_another_version_of_the_c_library_is_told(world: World) -> None:
    old = platform_tag().rstrip("0123456789.") + "2.1"
    lock, problems = bring_here(LOCK._replace(platform=old), world)
    assert (lock.platform, problems) == (platform_tag(), [])
    assert told(world, "warn") == [f"the packages were chosen for {old}, and this is {platform_tag()}"]


@pytest.mark.parametrize("platform", ["linux-riscv64-glibc2.36", "darwin-arm64-23", "linux-x86_64-musl1.2"])
def test_another_platform_will_not_do(platform: str, world: World) -> None:
    _, problems = bring_here(LOCK._replace(platform=platform), world)
    assert problems == [f"its packages are for {platform}, and this is {platform_tag()}"]


def test_what_stands_on_no_interpreter_is_left_as_it_is(world: World) -> None:
    lock = EnvironmentLock("conda", "version: 6", "3.11.7", platform="linux-64")
    assert bring_here(lock, world) == (lock, [])
