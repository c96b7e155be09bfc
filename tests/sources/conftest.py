"""The world of the source tests, and a repository to fetch from."""

from __future__ import annotations

from pathlib import Path

import pytest

from reenact.home import Home
from reenact.world import World
from tests.sources.repositories import make_bare, make_repository, make_world


@pytest.fixture
def world(tmp_path: Path, home: Home) -> World:
    """A world with its own home and no git settings."""
    return make_world(tmp_path, home)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A user's work tree."""
    return make_repository(tmp_path / "work")


@pytest.fixture
def bare(work: Path, tmp_path: Path) -> Path:
    """A bare repository on this machine."""
    return make_bare(work, tmp_path / "served" / "sample.git")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Where a run wants its code."""
    return tmp_path / "run" / "code"
