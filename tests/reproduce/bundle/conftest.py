"""A run, its bundle, and another machine to import it on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reenact.home import Home
from reenact.report import Memory
from reenact.run_folder import RunFolder
from reenact.world import World
from tests.reproduce.bundle.made import write_run

PROJECT = """
name: small
entry_points:
  main:
    parameters: {word: {type: string, default: hello}, unused: path}
    command: cat train.txt > $REENACT_RUN_DIR/artifacts/copy.txt; echo {word}
"""


@pytest.fixture
def world(home: Home, tmp_path: Path) -> World:
    return World(home, dict(os.environ), tmp_path, Memory())


@pytest.fixture
def other(tmp_path: Path) -> World:
    """Another machine, as far as a home makes one."""
    return World(Home(tmp_path / "other"), dict(os.environ), tmp_path, Memory())


@pytest.fixture
def folder(project_dir: Path, world: World) -> RunFolder:
    """A run."""
    from reenact.api import run

    (project_dir / "MLproject").write_text(PROJECT)
    (project_dir / "train.txt").write_text("words\n")
    (project_dir / "link").symlink_to("train.txt")
    (project_dir / "LICENSE").write_text("free\n")
    parameters = {"unused": str(project_dir / "train.txt")}
    return run(project_dir, env_manager="system", parameters=parameters, world=world).folder


@pytest.fixture
def bundle(folder: RunFolder, world: World, tmp_path: Path) -> Path:
    """Its bundle."""
    write_run(folder, world, tmp_path / "run.tar.zst")
    return tmp_path / "run.tar.zst"
