"""What every test gets: a home of its own, and no way to touch the real one."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from reenact.home import Home, find_home

# What a text means does not depend on how busy the machine is.
settings.register_profile("reenact", deadline=None)
settings.load_profile("reenact")

REAL_HOME = find_home({k: v for k, v in os.environ.items() if k != "REENACT_HOME"}).root


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One more than there are cores: a test that waits for an engine, a server or a time of grace needs none."""
    return (yield) + 1


@pytest.fixture(autouse=True)
def _only_own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test starts finds a temporary home; a test that touched the real one fails."""
    monkeypatch.setenv("REENACT_HOME", str(tmp_path_factory.mktemp("home")))
    before = REAL_HOME.stat().st_mtime_ns if REAL_HOME.exists() else None
    yield
    assert before == (REAL_HOME.stat().st_mtime_ns if REAL_HOME.exists() else None), "the real home was touched"


@pytest.fixture
def home(_only_own_home: None) -> Home:
    """The test's own home."""
    return find_home(os.environ)


@pytest.fixture
def project_dir(tmp_path: Path) -> Path:
    """An empty folder for a project."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder
