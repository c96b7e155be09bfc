"""What has become of a run's inputs, told before it runs again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reenact.home import Home
from tests.integration.command import User, write_project
from tests.sources.repositories import git

MAIN = """\
entry_points:
  main:
    parameters: {far: path}
    inputs: [cache/in.csv, kept.csv]
    outputs: [out.csv]
    command: "cat cache/in.csv kept.csv {far} | tee out.csv"
"""


@pytest.fixture
def user(tmp_path: Path, home: Home) -> User:
    return User(tmp_path, home.root)


@pytest.fixture
def project(tmp_path: Path, user: User) -> Path:
    folder = write_project(tmp_path / "p", MAIN, kept__csv="kept\n")
    (folder / ".gitignore").write_text("cache/\n")
    (folder / "cache").mkdir()
    (folder / "cache/in.csv").write_text("ignored\n")
    (tmp_path / "far.csv").write_text("far\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "one")
    assert user.run(str(folder), "-P", f"far={tmp_path}/far.csv").code == 0
    return folder


def test_inputs_that_the_code_lacks_come_from_where_they_were(user: User, project: Path) -> None:
    said = user.call("rerun", "@")
    assert (said.code, said.out) == (0, "ignored\nkept\nfar\n")
    assert "input" not in said.err
    assert user.call("rerun", "@").out == "ignored\nkept\nfar\n", "a repetition is repeated as well"


def test_what_has_changed_is_told_first(user: User, project: Path, tmp_path: Path) -> None:
    (tmp_path / "far.csv").write_text("changed\n")
    (project / "kept.csv").write_text("changed, and the record has it\n")
    said = user.call("rerun", "@")
    assert (said.code, said.out) == (0, "ignored\nkept\nchanged\n")
    assert f"the input {tmp_path}/far.csv is not what it was" in said.err
    assert "kept.csv" not in said.err


def test_what_is_gone_is_told_all_at_once_and_nothing_runs(user: User, project: Path, tmp_path: Path) -> None:
    (tmp_path / "far.csv").unlink()
    shutil.rmtree(project / "cache")
    said = user.call("rerun", "@")
    assert said.code == 68
    assert "the input cache/in.csv is gone" in said.err
    assert f"the input {tmp_path}/far.csv is gone" in said.err
    assert len(user.runs()) == 1


def test_another_value_needs_no_old_one(user: User, project: Path, tmp_path: Path) -> None:
    (tmp_path / "far.csv").unlink()
    (tmp_path / "other.csv").write_text("other\n")
    said = user.call("rerun", "@", "-P", f"far={tmp_path}/other.csv")
    assert (said.code, said.out) == (0, "ignored\nkept\nother\n")


def test_an_ignored_input_that_has_changed_is_no_input_of_the_past(user: User, project: Path) -> None:
    (project / "cache/in.csv").write_text("changed\n")
    said = user.call("rerun", "@")
    assert said.code == 67
    assert "cache/in.csv" in said.err


def test_what_lies_beside_the_project_in_its_repository(user: User, tmp_path: Path) -> None:
    """The record of the code has what git does not ignore; the rest comes from where it was."""
    command = "cat ../shared.csv ../cache/a.csv"
    folder = write_project(
        tmp_path / "repository/p",
        f"entry_points:\n  main:\n    inputs: [../shared.csv, ../cache/a.csv]\n    command: {command}\n",
    )
    top = folder.parent
    (top / "cache").mkdir()
    for name, text in {"shared.csv": "shared\n", "cache/a.csv": "ignored\n", ".gitignore": "cache/\n"}.items():
        (top / name).write_text(text)
    git(top, "init", "--quiet")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message", "one")
    assert user.run(str(folder)).out == "shared\nignored\n"
    assert user.call("rerun", "@").out == "shared\nignored\n"
    assert user.call("export", "@", "-o", "run.tar.zst", "--with-inputs").code == 0
    (top / "shared.csv").unlink()
    assert user.call("rerun", "@").out == "shared\nignored\n"
    shutil.rmtree(top)
    said = user.call("rerun", "@")
    assert (said.code, "shared" in said.err) == (68, False), said
    assert "cache/a.csv is gone" in said.err
    other = User(tmp_path, tmp_path / "other")
    assert other.call("import", str(user.folder / "run.tar.zst")).code == 0
    assert other.call("rerun", "@").out == "shared\nignored\n"
