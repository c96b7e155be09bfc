from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from reenact.environments.python.interpreters import Interpreter, find_interpreter, find_own, list_interpreters, probe
from reenact.errors import BuildError
from reenact.world import World


@pytest.fixture
def alone(world: World, tmp_path: Path) -> World:
    """A machine without interpreters, but for the one that reenact runs on."""
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin"), "UV_PYTHON_DOWNLOADS": "never"}
    return world._replace(environ=environ)


def put(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def fake(path: Path, version: str, implementation: str = "cpython") -> Path:
    """A program that answers as an interpreter of this version would: this machine need not have it."""
    return put(path, f"""echo '["{path}", "{version}", "{implementation}"]'""")


def test_the_own_interpreter_is_taken_when_it_serves(alone: World) -> None:
    own = find_own()
    assert own is not None
    assert find_interpreter(own.version.rpartition(".")[0], alone).interpreter == own
    assert find_interpreter("", alone).interpreter == own
    assert probe(Path(sys.executable), alone) == own


def test_pyenvs_versions_serve_and_its_shims_are_passed_over(alone: World, tmp_path: Path) -> None:
    root = tmp_path / ".pyenv"
    old = fake(root / "versions/3.7.1/bin/python", "3.7.1")
    new = fake(root / "versions/3.7.9/bin/python", "3.7.9")
    put(root / "shims/python3.7", "echo 'pyenv: python3.7: command not found' >&2; exit 127")
    world = alone._replace(environ={**alone.environ, "PATH": str(root / "shims")})
    assert find_interpreter("3.7", world).interpreter == Interpreter(str(new), "3.7.9")
    assert find_interpreter("3.7.1", world).interpreter == Interpreter(str(old), "3.7.1")
    elsewhere = {**alone.environ, "HOME": "/nowhere", "PYENV_ROOT": str(root)}
    assert find_interpreter("3.7", alone._replace(environ=elsewhere)).interpreter.version == "3.7.9"


def test_uvs_own_and_those_on_the_path_serve(alone: World, tmp_path: Path) -> None:
    fake(tmp_path / ".local/share/uv/python/cpython-3.6.15-linux/bin/python", "3.6.15")
    fake(tmp_path / "bin/python3.9", "3.9.18")
    fake(tmp_path / "bin/pypy3.10", "3.10.14", "pypy")
    fake(tmp_path / "bin/python3-config", "3.5.0")
    assert find_interpreter("3.6", alone).interpreter.version == "3.6.15"
    assert find_interpreter(">=3.7,<3.10", alone).interpreter.version == "3.9.18"
    assert find_interpreter("pypy3.10", alone).interpreter.implementation == "pypy"
    assert {each.version for each in list_interpreters(alone)} == {"3.6.15", "3.9.18", "3.10.14"}


@pytest.mark.parametrize("script", ["exit 127", "echo nonsense", "echo '[1]'", "kill -9 $$", "echo 'null'"])
def test_what_does_not_start_is_no_interpreter(script: str, alone: World, tmp_path: Path) -> None:
    put(tmp_path / "bin/python3.9", script)
    assert list_interpreters(alone) == []


def test_a_missing_patch_is_replaced_and_said(alone: World, tmp_path: Path) -> None:
    fake(tmp_path / "bin/python3.8", "3.8.18")
    choice = find_interpreter("3.8.12", alone)
    assert choice.interpreter.version == "3.8.18"
    assert "3.8.12 cannot be had" in choice.notes[0]
    assert "UV_PYTHON_DOWNLOADS" in choice.notes[0]


@pytest.mark.parametrize("asked", ["3.8", ">=3.8,<3.9", "pypy3.8.1", "3.8.12,<3.8.15"])
def test_nothing_stands_in_for_another_minor(asked: str, alone: World, tmp_path: Path) -> None:
    found = fake(tmp_path / "bin/python3.7", "3.7.9")
    with pytest.raises(BuildError) as caught:
        find_interpreter(asked, alone)
    assert f"cpython 3.7.9  {found}" in str(caught.value)


def test_a_download_that_fails_is_told_in_short_time(alone: World) -> None:
    # A proxy that refuses: the same answer on every machine, at once.
    environ = {name: value for name, value in alone.environ.items() if name != "UV_PYTHON_DOWNLOADS"}
    environ |= {"HTTPS_PROXY": "http://127.0.0.1:9", "UV_PYTHON_INSTALL_DIR": str(alone.home.root / "pythons")}
    with pytest.raises(BuildError, match=r"no Python 3\.8 is installed \(uv could not download it\)"):
        find_interpreter("3.8", alone._replace(environ=environ))


def test_the_path_is_searched_as_the_caller_has_it(alone: World, tmp_path: Path) -> None:
    fake(tmp_path / "a b/python3.9", "3.9.1")
    environ = {
        **alone.environ,
        "PATH": os.pathsep.join(["", "relative", str(tmp_path / "gone"), str(tmp_path / "a b")]),
    }
    assert find_interpreter("3.9", alone._replace(environ=environ)).interpreter.version == "3.9.1"
