"""``reenact lock``, and what the environment's options say, on the command line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from reenact.cli import main
from reenact.environments.python.uv import find_uv

LOCK = "reenact.lock"


@pytest.fixture
def project(project_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that asks for nothing but a Python, so that no index is needed."""
    (project_dir / "python_env.yaml").write_text("dependencies: []\n")
    (project_dir / "train.py").write_text("print('ran')\n")
    monkeypatch.chdir(project_dir)
    return project_dir


def test_written_checked_and_stale(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", "--check"]) == 65
    assert capsys.readouterr().out == "reenact.lock is stale\n  there is no reenact.lock\n"
    assert main(["lock"]) == 0
    assert capsys.readouterr().out == "reenact.lock is written: 0 packages\n"
    assert main(["lock", "--check"]) == 0
    assert capsys.readouterr().out == "reenact.lock answers what is asked for\n"
    (project / "python_env.yaml").write_text("dependencies: [six]\n")
    assert main(["lock", "--check"]) == 65
    assert capsys.readouterr().out == "reenact.lock is stale\n  new: dependencies six\n"
    assert main(["run", ".", "--locked"]) == 65
    assert "new: dependencies six" in capsys.readouterr().err


def test_what_stands_on_a_stale_lock_of_another_tool_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stated = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.11"\n'
    (project / "python_env.yaml").unlink()
    (project / "pyproject.toml").write_text(stated)
    subprocess.run([find_uv(), "lock"], cwd=project, check=True, capture_output=True)
    assert main(["lock"]) == 0
    assert main(["lock", "--check"]) == 0
    assert main(["run", ".", "-e", "train.py", "--locked"]) == 0
    (project / "pyproject.toml").write_text(f'{stated}dependencies = ["six"]\n')
    capsys.readouterr()
    assert main(["lock"]) == 0
    assert "uv.lock does not answer what pyproject.toml asks for: new: dependencies six" in capsys.readouterr().err
    assert main(["lock", "--check"]) == 65
    assert "new: dependencies six" in capsys.readouterr().out
    assert main(["run", ".", "-e", "train.py", "--locked"]) == 65
    assert "uv.lock does not answer" in capsys.readouterr().err


def test_a_run_says_which_lock_it_uses(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["lock"])
    capsys.readouterr()
    assert main(["run", ".", "--locked", "--dry-run"]) == 0
    assert "python, from python_env.yaml, locked by reenact.lock\n" in capsys.readouterr().out
    assert main(["run", ".", "--locked", "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["lock"]["file"], plan["lock"]["stale"]) == (LOCK, [])


def test_a_run_says_its_moment_and_accelerator(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", ".", "--dry-run", "--as-of", "2021-06-30", "--accelerator", "cpu"]) == 0
    assert "python, from python_env.yaml, as of 2021-07-01T00:00:00Z, for cpu\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--accelerator", "auto"], "depend on the machine"),
        (["--as-of", "soon"], "is no date"),
        (["--as-of", "commit"], "at no git commit"),
        (["--env-manager", "system", "--as-of", "2021-06-30"], "means nothing here"),
    ],
)
def test_what_cannot_be_is_a_usage_error(
    project: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", ".", "--dry-run", *options]) == 2
    assert message in capsys.readouterr().err


def test_an_unknown_accelerator_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", "--accelerator", "cu1"]) == 70
    assert "cu1" in capsys.readouterr().err
    assert not (project / LOCK).exists()


def test_what_is_passed_over_is_printed_on_request(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "requirements.txt").write_text("six\n")
    (project / "train.py").write_text("# /// script\n# dependencies = []\n# ///\n")
    assert main(["describe", "."]) == 0
    said = capsys.readouterr().out
    assert "environment: python_env.yaml (found by its name)\n" in said
    assert "  passed over: requirements.txt: python_env.yaml counts first\n" in said
    assert main(["describe", ".", "-e", "train.py"]) == 0
    assert "environment: train.py (the header of the script)\n" in capsys.readouterr().out


def test_a_lock_for_what_is_fetched_needs_a_place(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import shutil

    archive = shutil.make_archive(str(project.parent / "archive"), "zip", project)
    assert main(["lock", archive]) == 2
    assert "--output" in capsys.readouterr().err
    assert main(["lock", archive, "--output", "elsewhere.lock"]) == 0
    assert (project / "elsewhere.lock").is_file()


def test_an_image_is_pinned_in_the_project_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "MLproject").write_text("docker_env: {image: 'box:1'}\nentry_points: {main: {command: 'true'}}\n")
    assert main(["lock"]) == 2
    assert "with its digest: name@sha256:" in capsys.readouterr().err
    assert not (project / "reenact.lock").exists()
