"""The world of the integration tests, and what the servers serve."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from reenact.home import Home
from reenact.world import World
from tests.environments.conftest import make_wheel
from tests.integration.command import User
from tests.integration.servers import Index, Served, serve_http, serve_index
from tests.sources.repositories import git, make_bare, make_repository, make_world


@pytest.fixture
def world(tmp_path: Path, home: Home) -> World:
    """A world with its own home and no git settings."""
    return make_world(tmp_path, home)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The work tree that the served repositories are made from."""
    return make_repository(tmp_path / "work")


@pytest.fixture
def served(work: Path, tmp_path: Path) -> Path:
    """A folder with the repository sample.git and the archives of its main branch, sample.zip and sample.tar.gz."""
    folder = tmp_path / "served"
    make_bare(work, folder / "sample.git")
    for name in ("sample.zip", "sample.tar.gz"):
        git(work, "archive", "--prefix=sample-1.0/", "--output", str(folder / name), "main")
    return folder


@pytest.fixture
def http(served: Path) -> Iterator[Served]:
    """The folder behind a web server that asks for no login."""
    with serve_http(served) as server:
        yield server


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Where a run wants its code."""
    return tmp_path / "run" / "code"


@pytest.fixture
def user(tmp_path: Path, home: Home) -> Iterator[User]:
    """Somebody who types commands in an empty directory; nothing of theirs may live on."""
    folder = tmp_path / "user"
    folder.mkdir()
    somebody = User(folder, home.root)
    yield somebody
    left = somebody.left()
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not left, "a process survived"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index that has needy 1.0, which needs tiny 1.0."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    make_wheel(folder, "tiny", "1.0")
    make_wheel(folder, "needy", "1.0", requires=("tiny",))
    with serve_index(folder) as index:
        yield index
