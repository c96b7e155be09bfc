from __future__ import annotations

import json
from pathlib import Path

import pytest

from reenact.cli import main
from tests.project.corpus import CORPUS, needs_corpus, rows

GOLDEN = Path(__file__).parents[1] / "golden"


def describe(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(["describe", *argv])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def wine(project_dir: Path) -> Path:
    (project_dir / "MLproject").write_text((GOLDEN / "describe.MLproject").read_text())
    (project_dir / "python_env.yaml").touch()
    for script in ("train.py", "report.py"):
        (project_dir / script).touch()
    return project_dir


def test_a_project_is_shown_as_people_read_it(wine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = describe(capsys, str(wine))
    assert (code, err) == (0, "")
    assert out == (GOLDEN / "describe.txt").read_text()


def test_one_entry_point(wine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = describe(capsys, str(wine), "-e", "report")
    assert out == "wine-quality  (MLproject)\nenvironment: python_env.yaml\n\nreport\n\n    $ python report.py\n"
    _, out, _ = describe(capsys, str(wine), "-e", "train.py")
    assert out.endswith("train.py\n\n    $ python train.py\n")
    code, _, err = describe(capsys, str(wine), "-e", "reprot")
    assert code == 65
    assert "did you mean 'report'?" in err


def test_json_has_everything_but_secrets(wine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = describe(capsys, str(wine), "--json")
    project = json.loads(out)
    assert (project["name"], project["environment"]["file"]) == ("wine-quality", "python_env.yaml")
    parameters = {parameter["name"]: parameter for parameter in project["entry_points"][0]["parameters"]}
    assert (parameters["alpha"]["default"], parameters["alpha"]["max"], parameters["data"]["required"]) == (
        "0.5",
        1.0,
        True,
    )
    assert parameters["token"]["default"] is None
    assert project["scripts"] == ["report.py", "train.py"]


def test_a_folder_without_a_project_file(project_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project_dir / "train.py").touch()
    assert describe(capsys, str(project_dir))[1] == (
        "project  (no project file)\n"
        "environment: a Python without packages (none is declared)\n\n"
        "No entry points are declared.\n\n"
        "scripts: train.py\n"
    )
    _, out, _ = describe(capsys, str(project_dir), "-e", "main")
    assert "the project declares no entry point 'main'; its train.py is run" in out


def test_errors_are_told_on_stderr(project_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project_dir / "MLproject").write_text("a: [\n")
    code, out, err = describe(capsys, str(project_dir))
    assert (code, out) == (65, "")
    assert err.startswith("MLproject:2:1: error: the brackets")


@needs_corpus
def test_every_real_project_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for row in rows("index"):
        code, out, _ = describe(capsys, str(CORPUS / row["folder"]))
        assert code in (0, 65)
        assert bool(out) == (code == 0)
