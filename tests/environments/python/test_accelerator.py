"""The build of PyTorch's packages: asked for by name, locked, recorded, and never what the machine makes of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reenact.cli import main
from reenact.environments.python.uv import TORCH
from reenact.home import Home
from tests.environments.conftest import make_wheel, write
from tests.environments.python.accelerated import Index, serve_accelerators

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="there is no openssl to make a certificate with"
)

PROJECT = {
    "python_env.yaml": "dependencies: [torch, tiny]\n",
    "MLproject": "python_env: python_env.yaml\nentry_points: {main: {command: 'torch-version'}}\n",
}


@pytest.fixture
def index(
    wheels: Path, dated_index: str, tmp_path: Path, project_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Index]:
    """The plain index has tiny and torch 2.0, the other torch 2.0 for cpu and for cu126."""
    for backend in ("cpu", "cu126"):
        (wheels / "built" / backend).mkdir(parents=True)
        make_wheel(wheels / "built" / backend, "torch", f"2.0+{backend}")
    keys = tmp_path / "keys"
    keys.mkdir()
    for name in (
        "UV_INDEX_URL",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_NO_INDEX",
        "PIP_INDEX_URL",
        "UV_TORCH_BACKEND",
    ):
        monkeypatch.delenv(name, raising=False)
    with serve_accelerators(wheels / "built", keys) as found:
        for name, value in {**found.environ, "UV_DEFAULT_INDEX": dated_index}.items():
            monkeypatch.setenv(name, value)
            monkeypatch.delenv(name.lower(), raising=False)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
        write(project_dir, PROJECT)
        monkeypatch.chdir(project_dir)
        yield found


def run(capfd: pytest.CaptureFixture[str], *options: str) -> str:
    capfd.readouterr()
    assert main(["run", ".", *options]) == 0
    return capfd.readouterr().out.strip()


def find_lock(home: Home, run_id: str) -> str:
    return (home.runs / run_id / "env.lock").read_text()


def test_it_is_chosen_by_name_and_recorded(index: Index, home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(capfd, "-q") == "2.0"
    assert index.asked == []
    for backend in ("cpu", "cu126"):
        assert run(capfd, "-q", "--accelerator", backend) == f"2.0+{backend}"
        assert main(["show", "--json"]) == 0
        shown = json.loads(capfd.readouterr().out)
        assert shown["plan"]["environment"]["accelerator"] == backend
        assert f'version = "2.0+{backend}"' in find_lock(home, shown["run"]["id"])
        assert main(["rerun", "@"]) == 0
        assert capfd.readouterr().out.strip() == f"2.0+{backend}"
    assert run(capfd, "-q") == "2.0"


def test_each_is_a_lock_of_its_own(index: Index, project_dir: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", "--accelerator", "cpu"]) == 0
    assert main(["run", ".", "--locked"]) == 65
    assert "only for python_env.yaml on" in capfd.readouterr().err
    assert run(capfd, "-q", "--locked", "--accelerator", "cpu") == "2.0+cpu"
    assert main(["lock"]) == 0
    assert main(["lock", "--accelerator", "cu126"]) == 0
    text = (project_dir / "reenact.lock").read_text()
    assert [text.count(f'name = "torch"\nversion = "2.0{each}"') for each in ("", "+cpu", "+cu126")] == [1, 1, 1]
    assert run(capfd, "-q", "--locked") == "2.0"
    assert run(capfd, "-q", "--locked", "--accelerator", "cu126") == "2.0+cu126"


@pytest.mark.parametrize("backend", ["auto", "cpu"])
def test_a_variable_of_uv_chooses_nothing(
    index: Index, backend: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(TORCH, backend)
    assert main(["run", "."]) == 0
    said = capfd.readouterr()
    assert said.out.strip() == "2.0"
    assert "UV_TORCH_BACKEND is not used: --accelerator says which build" in said.err
    assert index.asked == []


def test_a_project_cannot_leave_it_to_the_machine(
    index: Index, project_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project_dir / "python_env.yaml").unlink()
    text = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["torch"]\n'
    entry = "python_env: {pyproject: .}\nentry_points: {main: {command: 'torch-version'}}\n"
    write(project_dir, {"pyproject.toml": f'{text}[tool.uv.pip]\ntorch-backend = "auto"\n', "MLproject": entry})
    assert main(["run", "."]) == 0
    said = capfd.readouterr()
    assert said.out.strip() == "2.0"
    assert 'torch-backend = "auto" is not used' in said.err
    assert index.asked == []
