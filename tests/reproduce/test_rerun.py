"""Recorded runs again, by the command itself, from what their records hold."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import reenact
from reenact.home import Home
from tests.integration.command import REENACT, Said, User, write_project
from tests.process.test_isolation import can_isolate
from tests.sources.repositories import git

MAIN = """\
name: sums
entry_points:
  main:
    parameters:
      n: {type: int, default: 3}
      data: {type: path, default: data.txt}
    command: "python train.py {n} {data}"
  other:
    parameters: {n: {type: int, default: 7}}
    command: "echo other {n}"
  secret:
    parameters: {key: {secret: true}}
    command: "test {key} = hush && echo told"
"""
TRAIN = """\
import sys
import helper
print(int(sys.argv[1]) * helper.FACTOR, open(sys.argv[2]).read().strip())
"""


@pytest.fixture
def user(tmp_path: Path, home: Home) -> User:
    return User(tmp_path, home.root)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "sums", MAIN, train__py=TRAIN, helper__py="FACTOR = 2\n", data__txt="first\n")


def record(user: User, project: Path, *more: str) -> dict[str, Any]:
    said = user.run(str(project), *more)
    assert said.code == 0, said.err
    return user.runs()[0]


def rerun(user: User, *more: str) -> Said:
    return user.call("rerun", *more)


def test_a_run_again_is_the_run_that_was(user: User, project: Path) -> None:
    first = record(user, project, "-P", "n=5")
    (project / "helper.py").write_text("FACTOR = 1000\n")
    (project / "data.txt").write_text("second\n")
    said = rerun(user, "@")
    assert (said.code, said.out) == (0, "10 first\n")
    again = user.runs()[0]
    assert again["id"] != first["id"]
    assert again["parameters"] == first["parameters"]
    shown = user.call("show", again["id"]).out
    assert first["id"][:8] in shown


def test_the_project_may_be_gone(user: User, project: Path) -> None:
    record(user, project)
    shutil.rmtree(project)
    assert rerun(user, "@").out == "6 first\n"
    assert rerun(user, "@").out == "6 first\n", "a repetition is repeated as well"


def test_a_dirty_tree_comes_back_dirty(user: User, project: Path) -> None:
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "one")
    (project / "helper.py").unlink()
    (project / "helper").mkdir()
    (project / "helper" / "__init__.py").write_text("FACTOR = 4\n")
    record(user, project)
    git(project, "checkout", "--quiet", "--", ".")
    shutil.rmtree(project / "helper")
    assert rerun(user, "@").out == "12 first\n"


def test_something_else_can_be_asked_of_it(user: User, project: Path) -> None:
    first = record(user, project)["id"]
    assert rerun(user, first, "-P", "n=1").out == "2 first\n"
    assert rerun(user, first, "-e", "other").out == "other 7\n"
    assert rerun(user, first, "-e", "other", "-P", "n=8").out == "other 8\n"


def test_packages_of_today_are_those_of_the_same_manager(user: User, project: Path) -> None:
    (project / "MLproject").write_text("docker_env: {image: none}\nentry_points: {main: {command: echo outside}}\n")
    said = user.call("run", str(project), "--env-manager", "uv")
    assert (said.code, said.out) == (0, "outside\n"), said.err
    said = rerun(user, "@", "--env", "current")
    assert (said.code, said.out) == (0, "outside\n"), said.err


def isolate(user: User, *options: str) -> tuple[bool, bool]:
    """What the command of a new repetition of the newest run is kept from: network, writing."""
    said = rerun(user, "@", "--dry-run", "--json", *options)
    assert said.code == 0, said.err
    found = json.loads(said.out)["isolation"]
    return not found["network"], found["read_only"]


def test_it_is_kept_from_what_it_was_kept_from_and_from_more(user: User, project: Path) -> None:
    if not can_isolate():
        pytest.skip("this machine lets nobody make namespaces")
    record(user, project)
    assert isolate(user) == (False, False)
    assert isolate(user, "--no-network") == (True, False)
    user.environ["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:5000"
    said = rerun(user, "@", "--no-network")
    assert (said.code, said.out) == (0, "6 first\n")
    assert "will not reach the server that MLFLOW_TRACKING_URI names" in said.err
    assert "no network" in user.call("show").out
    assert isolate(user) == (True, False)
    assert isolate(user, "--read-only") == (True, True)
    reenact.rerun("@", read_only=True)
    assert isolate(user) == (True, True)


def test_the_patch_of_a_record_applies(user: User, project: Path, tmp_path: Path) -> None:
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "one")
    assert git(project, "status", "--porcelain") == ""
    (project / "helper.py").write_text("FACTOR = 9\n")
    (project / "new.bin").write_bytes(bytes(range(256)))
    record(user, project)
    patch = tmp_path / "patch"
    with patch.open("wb") as file:
        assert subprocess.run([REENACT, "show", "--patch"], env=user.environ, stdout=file).returncode == 0
    git(project, "stash", "--quiet", "--include-untracked")
    git(project, "apply", str(patch))
    assert (project / "helper.py").read_text() == "FACTOR = 9\n"
    assert (project / "new.bin").read_bytes() == bytes(range(256))


def test_what_is_not_kept_is_shown(user: User, project: Path) -> None:
    (project / ".gitignore").write_text("*.log\n")
    (project / "a.log").write_text("x")
    for name in ("__pycache__", ".venv"):
        (project / name).mkdir()
        (project / name / "x").touch()
    record(user, project)
    said = user.call("show").out
    assert "not kept      a.log  (ignored, 1 B)\n              2 folders that tools make" in said


def test_code_of_no_commit_has_no_patch(user: User, project: Path) -> None:
    record(user, project)
    said = user.call("show", "--patch")
    assert said.code == 68
    assert "its code is of no commit" in said.err


def test_a_commit_of_a_repository_that_is_gone(user: User, project: Path, tmp_path: Path) -> None:
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "one")
    record(user, project, "-v", "main")
    shutil.rmtree(project)
    shutil.rmtree(user.home / "repositories")
    assert rerun(user, "@").out == "6 first\n"


def test_an_archive_that_is_gone(user: User, project: Path, tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "sums"), "zip", project))
    record(user, archive)
    archive.unlink()
    assert rerun(user, "@").out == "6 first\n"


def test_a_parameter_that_leads_elsewhere_still_does(user: User, project: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.txt").write_text("elsewhere\n")
    (project / "inside.txt").write_text("inside\n")
    record(user, project, "-P", "data=elsewhere.txt")
    assert rerun(user, "@").out == "6 elsewhere\n"
    record(user, project, "-P", "data=sums/inside.txt")
    shutil.rmtree(project)
    assert rerun(user, "@").out == "6 inside\n"


def test_what_is_missing_is_told_at_once_and_nothing_is_left(user: User, project: Path) -> None:
    for name in ("one.bin", "two.bin"):
        (project / name).write_bytes(b"x" * 3000)
    user.environ["REENACT_SIZE_LIMIT"] = "2000"
    record(user, project)
    assert rerun(user, "@").code == 0, "they are still where they were"
    (project / "one.bin").unlink()
    (project / "two.bin").write_bytes(b"y" * 3000)
    said = rerun(user, "@")
    assert said.code == 68
    assert "one.bin" in said.err
    assert "two.bin" in said.err
    assert len(user.runs()) == 2
    assert not list((user.home / "staging").iterdir())


def test_a_folder_of_data_is_linked_and_not_kept(user: User, project: Path) -> None:
    for number in range(30):
        (project / "data" / "deep").mkdir(parents=True, exist_ok=True)
        (project / "data" / "deep" / str(number)).write_bytes(b"x" * 1900)
    (project / "train.py").write_text(TRAIN + "import os\nprint(len(os.listdir('data/deep')))\n")
    user.environ["REENACT_SIZE_LIMIT"] = "2000"
    said = user.run(str(project))
    assert "data/deep/ is not kept with the code: 30 files" in said.err
    assert rerun(user, "@").out == "6 first\n30\n"
    assert rerun(user, "@").out == "6 first\n30\n"
    (project / "data" / "deep" / "7").write_bytes(b"y" * 1900)
    said = rerun(user, "@")
    assert said.code == 68
    assert "data/deep/" in said.err


def test_a_secret_is_asked_for_again(user: User, project: Path) -> None:
    record(user, project, "-e", "secret", "-P", "key=hush")
    said = rerun(user, "@")
    assert said.code == 68
    assert "'key' is secret" in said.err
    assert rerun(user, "@", "-P", "key=hush").out == "told\n"


def test_what_would_run_is_shown(user: User, project: Path) -> None:
    first = record(user, project)["id"]
    said = rerun(user, "@", "--dry-run", "--json")
    assert said.code == 0
    assert first in said.out
    assert len(user.runs()) == 1


def test_the_same_for_programs(project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first = reenact.run(project, env_manager="system", parameters={"n": 5})
    shutil.rmtree(project)
    again = reenact.rerun(first.run_id)
    assert again.get_status() == "FINISHED"
    reenact.rerun(first.run_id, {"n": 1}, run_name="less")
    assert capfd.readouterr().out == "10 first\n10 first\n2 first\n"
    with pytest.raises(reenact.RecordError, match="there is no run 'none'"):
        reenact.rerun("none")


def test_a_clean_tree_can_be_asked_for(user: User, project: Path) -> None:
    said = user.run("--require-clean", str(project))
    assert said.code == 66
    assert "under no version control" in said.err
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "one")
    assert user.run("--require-clean", str(project)).code == 0
    (project / "new.py").touch()
    said = user.run("--require-clean", str(project))
    assert said.code == 66
    assert "changes that are not committed" in said.err
