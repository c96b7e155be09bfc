"""A project folder, a run folder beside it, and a world."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reenact.data.places import Site
from reenact.home import Home
from reenact.plan import Command, Plan, Snapshot, SystemSpec
from reenact.report import Memory
from reenact.world import World


@pytest.fixture
def site(tmp_path: Path, project_dir: Path, home: Home) -> Site:
    run = tmp_path / "run"
    (run / "artifacts").mkdir(parents=True)
    return Site(project_dir, run, home.root)


@pytest.fixture
def world(home: Home, tmp_path: Path) -> World:
    return World(home, dict(os.environ), tmp_path, Memory())


@pytest.fixture
def plan(project_dir: Path) -> Plan:
    source = Snapshot("directory", str(project_dir), str(project_dir))
    return Plan("p", "main", source, Command("true"), SystemSpec())
