"""Releases whose metadata uv cannot read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from reenact import environments
from reenact.environments.python.interpreters import list_interpreters
from reenact.environments.python.old_metadata import NEEDS, with_old_metadata
from reenact.plan import PythonSpec
from reenact.world import World
from tests.environments.conftest import make_wheel

OLD = PythonSpec(python="3.7", dependencies=("pandas",))


def test_it_is_said_where_python_is_of_their_time() -> None:
    settings: Any = with_old_metadata(OLD, "3.7.17").settings
    first = settings["dependency-metadata"][0]
    assert first["name"] == "pandas"
    assert first["version"] in NEEDS["pandas"]
    assert "pytz>=2011.11" in first["requires-dist"]
    for version in ("3.8.0", "3.11.7", "4.0"):
        assert with_old_metadata(OLD, version) == OLD


def test_what_the_project_says_itself_is_left() -> None:
    own = {"index": [{"url": "https://x"}], "dependency-metadata": [{"name": "pandas", "requires-dist": []}]}
    assert with_old_metadata(OLD._replace(settings=own), "3.6.15").settings == own


def test_an_old_release_is_found(tmp_path: Path, world: World) -> None:
    olds = [each.version for each in list_interpreters(world) if each.version.startswith(("3.6.", "3.7."))]
    if not olds:
        pytest.skip(f"no Python 3.6 or 3.7 is beside {sys.version.split()[0]}")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    make_wheel(wheels, "pandas", "0.11.0")
    make_wheel(wheels, "pandas", "0.24.2", requires=("numpy (>=1.12.0)", "python-dateutil (>=2.5.0)", "pytz (>=2011k)"))
    for name, version in (("numpy", "1.16.4"), ("pytz", "2019.1")):
        make_wheel(wheels, name, version)
    make_wheel(wheels, "python_dateutil", "2.8.0")
    options = ("--no-index", f"--find-links {wheels}")
    lock = environments.lock(OLD._replace(python=olds[0], options=options), tmp_path, world)
    assert 'version = "0.24.2"' in lock.text
    assert "pytz" in lock.text
