from __future__ import annotations

import json
from pathlib import Path

import pytest

from reenact import api
from reenact.cli import main
from reenact.doctor import CHECKS
from tests.sources.repositories import commit, git, write

GOLDEN = Path(__file__).parents[1] / "golden" / "doctor.txt"

PROJECT = {
    "MLproject": """\
name: wine
conda_env: conda.yaml
entry_points:
  main:
    parameters:
      data: {type: path, default: /home/ana/wine.csv}
      alpha: {type: flaot, default: 0.1}
    command: python train.py --data {data} --alpha {alpha} | tee log.txt
""",
    "conda.yaml": """\
dependencies:
  - numpy=1.26.4
  - pandas>=2
variables:
  DB_PASSWORD: hunter22
""",
    "train.py": """\
import random
import time

import pandas as pd
from sklearn.model_selection import train_test_split

random.seed(int(time.time()))
extra = pd.read_csv("extra.csv")
prices = pd.read_csv("https://example.org/prices.csv")
train, test = train_test_split(extra)
folder = "/home/ana/out"  # reenact: ignore[absolute-path]
""",
}


@pytest.fixture
def project(project_dir: Path) -> Path:
    write(project_dir, PROJECT)
    return project_dir


def doctor(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(["doctor", *argv])
    return code, *capsys.readouterr()


def test_what_is_found_is_told_with_why_and_how(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = doctor(capsys, str(project))
    assert (code, err) == (65, "")
    assert out == GOLDEN.read_text(encoding="utf-8")


def test_json_has_every_place(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = doctor(capsys, str(project), "--json")
    told = json.loads(out)
    assert code == 65
    assert list(told) == ["project", "findings", "silenced", "changes", "unmended"]
    assert (told["project"], told["silenced"]) == ("wine", 1)
    assert {tuple(one) for one in told["findings"]} == {
        ("code", "level", "message", "file", "line", "column", "entry_point", "why", "fix", "fixable")
    }
    found = api.doctor(project)
    assert [one["code"] for one in told["findings"]] == [one.code for one in found.findings]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 65),
        (("--ignore", "secret"), 0),
        (("--ignore", "secret", "--level", "warning"), 65),
        (("--ignore", "secret", "--level", "note"), 65),
    ],
)
def test_the_code_says_how_bad_it_is(
    project: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], code: int
) -> None:
    assert doctor(capsys, str(project), *options)[0] == code


def test_a_sound_project(project_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project_dir, {"train.py": "print(1)\n"})
    said = doctor(capsys, str(project_dir), "--level", "note")
    assert said == (0, "project: no errors, no warnings, no notes\n", "")


def test_one_script(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, {"other.py": "import random\nrandom.random()\n"})
    code, out, _ = doctor(capsys, str(project / "other.py"), "--json")
    told = json.loads(out)["findings"]
    assert code == 65
    assert {one["file"] for one in told if one["file"]} == {"other.py", "conda.yaml"}


def test_a_repository_is_fetched(project: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    git(project, "init", "--quiet", "--initial-branch=main")
    commit(project, {})
    write(project, {"train.py": "print(1)\n"})
    address = f"git+file://{project}"
    code, out, _ = doctor(capsys, address)
    assert code == 65
    assert "no-seed" in out
    assert "dirty-tree" not in out
    code, _, err = doctor(capsys, address, "--fix")
    assert code == 2
    assert "--fix" in err
    assert "dirty-tree" in doctor(capsys, str(project))[1]


def test_fix_writes_the_lock_and_nothing_else(project_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "python_env.yaml": "python: '>=3.11'\ndependencies: [./pkg]\n",
        "pkg/pyproject.toml": "[project]\nname='pkg'\nversion='1'\n",
        "train.py": "import random\nrandom.random()\n",
        "reenact.lock": "version = 1\n",
    }
    write(project_dir, files)
    assert "stale-lock" in doctor(capsys, str(project_dir))[1]
    code, out, _ = doctor(capsys, str(project_dir), "--fix")
    if "not changed" in out:
        pytest.skip("no index is at hand")
    assert code == 0
    assert "changed: reenact.lock is written: 1 package\n" in out
    assert "stale-lock" not in out
    assert "no-seed" in out
    made = (project_dir / "reenact.lock").read_bytes()
    assert "changed" not in doctor(capsys, str(project_dir), "--fix")[1]
    assert (project_dir / "reenact.lock").read_bytes() == made
    there = {str(path.relative_to(project_dir)) for path in project_dir.rglob("*") if path.is_file()}
    assert there == set(files)
    assert all((project_dir / name).read_text() == text for name, text in files.items() if name != "reenact.lock")


def test_what_cannot_be_mended_is_told(project_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project_dir, {"train.py": "", "requirements.txt": "no-such-package-at-all-xyz==1\n"})
    (project_dir / "uv.toml").write_text("offline = true\n")
    before = sorted(path.name for path in project_dir.iterdir())
    out = doctor(capsys, str(project_dir), "--fix")[1]
    assert "not changed: reenact.lock cannot be written: " in out
    assert sorted(path.name for path in project_dir.iterdir()) == before


def test_all_codes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = doctor(capsys, "--codes")
    assert code == 0
    assert {"secret", "no-lock", "no-seed"} <= {line.split()[0] for line in out.splitlines()}
    assert {one["code"] for one in json.loads(doctor(capsys, "--codes", "--json")[1])} >= {"secret", "no-lock"}
    assert len(CHECKS) == 11


def test_nothing_in_a_file_reaches_the_terminal_unguarded(
    project_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project_dir, {"train.py": 'open("/home/ana/x\x1b[31m\\x1b[32m")\nopen("x\\u202ey")\n'})
    (project_dir / "MLproject").write_text(
        'entry_points: {"a\\e[31m": {command: "python train.py /home/ana/x\\e[1m"}}\n'
    )
    out = doctor(capsys, str(project_dir))[1]
    assert not set(out) & {"\x1b", "\u202e"}
    assert "absolute-path" in out


@pytest.mark.parametrize(("argv", "code"), [(("nowhere",), 66), (("-e", "nothing"), 65), (("--level", "bad"), 2)])
def test_mistakes(project: Path, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], code: int) -> None:
    words = argv if argv[0] == "nowhere" else (str(project), *argv)
    assert doctor(capsys, *words)[0] == code
