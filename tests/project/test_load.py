from __future__ import annotations

import os
from pathlib import Path

import pytest

from reenact.errors import ProjectError
from reenact.project.cache import NoCache
from reenact.project.diagnostics import Diagnostic
from reenact.project.load import load_project, read_project

MAIN = "entry_points:\n  main: {command: a}\n"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def only(folder: Path) -> Diagnostic:
    (found,) = read_project(folder, NoCache()).diagnostics
    return found


@pytest.mark.parametrize(
    "name", ["MLproject", "mlproject", "MLPROJECT", "mLpRoJeCt", "MLproject.yaml", "mlproject.yml", "MLproject.YML"]
)
def test_the_file_has_many_names(project_dir: Path, name: str) -> None:
    # MLflow G-01, G-02
    (project_dir / name).write_text(MAIN)
    project = read_project(project_dir, NoCache())
    assert (project.file, len(project.entry_points), project.diagnostics) == (name, 1, ())


@pytest.mark.parametrize("name", ["MLproject.txt", "MLproject.bak", "aMLproject", "MLproject.yaml~", "MLproject\n"])
def test_other_names_are_not_it(project_dir: Path, name: str) -> None:
    (project_dir / name).write_text(MAIN)
    assert read_project(project_dir, NoCache()).file is None


def test_of_several_files_the_best_is_used_and_that_is_said(project_dir: Path) -> None:
    write(project_dir, MLproject__yaml=MAIN, mlproject=MAIN, MLproject=MAIN)
    assert read_project(project_dir, NoCache()).file == "MLproject"
    found = only(project_dir)
    assert (found.severity, found.code) == ("warning", "two-files")
    assert "mlproject, MLproject.yaml" in found.message


def test_a_folder_in_the_place_of_the_file(project_dir: Path) -> None:
    (project_dir / "MLproject").mkdir()
    found = only(project_dir)
    assert (found.severity, found.code) == ("error", "unreadable-file")
    assert "it is a folder" in found.message


def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(project_dir: Path) -> None:
    os.mkfifo(project_dir / "MLproject")
    assert (only(project_dir).severity, only(project_dir).code) == ("error", "unreadable-file")


def test_a_broken_link_in_the_place_of_the_file(project_dir: Path) -> None:
    (project_dir / "MLproject").symlink_to("nowhere")
    assert (only(project_dir).severity, only(project_dir).code) == ("error", "unreadable-file")


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="cannot read the folder"):
        read_project(tmp_path / "none", NoCache())


def test_a_declared_environment_goes_before_the_default_files(project_dir: Path) -> None:
    # MLflow G-50
    write(project_dir, MLproject="conda_env: mine.yml\n", mine__yml="", python_env__yaml="")
    source = read_project(project_dir, NoCache()).environment
    assert (source.key, source.file, source.declared) == ("conda_env", "mine.yml", True)


@pytest.mark.parametrize("value", ["", "''", "null", "{}", "0", "false"])
def test_an_empty_environment_falls_through(project_dir: Path, value: str) -> None:
    # MLflow G-51
    write(project_dir, MLproject=f"docker_env: {value}\n", conda__yaml="")
    project = read_project(project_dir, NoCache())
    assert (project.environment.file, project.environment.declared, project.diagnostics) == ("conda.yaml", False, ())


def test_a_missing_environment_file_is_an_error_that_guesses(project_dir: Path) -> None:
    # MLflow G-52
    write(project_dir, MLproject="name: x\nconda_env: conda.yaml\n", conda__yml="")
    found = only(project_dir)
    assert (found.severity, found.code, found.hint) == ("error", "missing-file", "did you mean 'conda.yml'?")
    assert found.line == "conda_env: conda.yaml"


def test_a_link_to_nothing_is_told_as_that(project_dir: Path) -> None:
    write(project_dir, MLproject="conda_env: conda.yaml\n")
    (project_dir / "conda.yaml").symlink_to("gone.yaml")
    found = only(project_dir)
    assert "names conda.yaml, which is a link to gone.yaml, which is not there" in found.message
    assert found.hint == "add the file, or correct the name"


@pytest.mark.parametrize("name", ["sub", "../x/y.yaml", "/no/such", "x" * 3000, "a\\x01b"])
def test_any_environment_name_is_told(project_dir: Path, name: str) -> None:
    (project_dir / "sub").mkdir()
    write(project_dir, MLproject=f'conda_env: "{name}"\n')
    assert (only(project_dir).severity, only(project_dir).code) == ("error", "missing-file")


def test_the_name_is_the_authors_or_the_callers_or_the_folders(project_dir: Path) -> None:
    assert read_project(project_dir, NoCache()).name == "project"
    assert read_project(project_dir, NoCache(), "asked").name == "asked"
    write(project_dir, MLproject="name: mine\n")
    assert read_project(project_dir, NoCache(), "asked").name == "mine"


def test_a_mistake_elsewhere_does_not_stop_an_entry_point(project_dir: Path) -> None:
    write(project_dir, MLproject=MAIN + "  other: {command: 5}\n")
    assert load_project(project_dir, NoCache(), "main").diagnostics == ()
    for entry_point in ("other", None):
        with pytest.raises(ProjectError) as caught:
            load_project(project_dir, NoCache(), entry_point)
        assert [found.code for found in caught.value.diagnostics] == ["wrong-kind"]
        assert caught.value.message.startswith("MLproject:3:20: error: ")
        assert caught.value.exit_code == 65


def test_a_missing_environment_stops_only_who_needs_it(project_dir: Path) -> None:
    write(project_dir, MLproject=MAIN + "conda_env: none.yaml\n")
    with pytest.raises(ProjectError, match="names none"):
        load_project(project_dir, NoCache(), "main")
    assert load_project(project_dir, NoCache(), "main", moot=("missing-file",)).diagnostics == ()


def test_doubts_are_told_only_of_what_is_asked_for(project_dir: Path) -> None:
    write(project_dir, MLproject="entry_points:\n  main: {command: ''}\n  other: {command: ''}\n")
    for entry_point, lines in ((None, [2, 3]), ("main", [2]), ("train.py", [])):
        found = load_project(project_dir, NoCache(), entry_point).diagnostics
        assert [(doubt.code, doubt.position and doubt.position.line) for doubt in found] == [
            ("empty-command", line) for line in lines
        ]


def test_findings_are_in_the_order_of_the_file(project_dir: Path) -> None:
    write(project_dir, MLproject="conda_env: none.yaml\nfoo: 1\nentry_points:\n  main: {comand: a}\n")
    lines = [found.position.line for found in read_project(project_dir, NoCache()).diagnostics if found.position]
    assert lines == sorted(lines)
    assert len(lines) == 4
