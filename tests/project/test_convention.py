from __future__ import annotations

import shlex
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reenact.errors import ProjectError
from reenact.project.cache import NoCache
from reenact.project.environment_files import find_environment
from reenact.project.load import get_entry_point, read_project
from reenact.project.types import EnvironmentSource


def put(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def command(folder: Path, name: str) -> str:
    return get_entry_point(read_project(folder, NoCache()), name, folder).command


def refusal(folder: Path, name: str) -> ProjectError:
    with pytest.raises(ProjectError) as caught:
        command(folder, name)
    assert caught.value.hint
    return caught.value


def test_a_folder_without_a_file_is_a_project(project_dir: Path) -> None:
    # MLflow C-01, G-54
    project = read_project(project_dir, NoCache())
    assert (project.name, project.file, project.entry_points) == ("project", None, ())
    assert project.environment == EnvironmentSource()
    assert project.diagnostics == ()


@pytest.mark.parametrize(
    ("files", "key", "file"),
    [
        (["python_env.yaml"], "python_env", "python_env.yaml"),
        (["conda.yaml"], "conda_env", "conda.yaml"),
        (["conda.yaml", "python_env.yaml"], "python_env", "python_env.yaml"),
        (["conda.yml", "Conda.yaml", "python_env.yml"], None, None),
    ],
)
def test_the_environment_is_a_default_file(project_dir: Path, files: list[str], key: str, file: str) -> None:
    # MLflow G-50, G-53
    found = find_environment(put(project_dir, *files), NoCache())
    assert found._replace(passed_over=()) == EnvironmentSource(key, file)  # type: ignore[arg-type]


def test_what_is_never_read_is_named_where_nothing_else_counts(project_dir: Path) -> None:
    put(project_dir, "Pipfile", "setup.py", "setup.cfg", "conda.yml")
    over = find_environment(project_dir, NoCache()).passed_over
    assert [each.file for each in over] == ["conda.yml", "Pipfile", "setup.py"]
    put(project_dir, "python_env.yaml")
    assert find_environment(project_dir, NoCache()).passed_over == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.py", "python a.py"),
        ("a.sh", "bash a.sh"),
        ("a.R", "Rscript a.R"),
        ("sub/a.py", "python sub/a.py"),
        ("./a.py", "python ./a.py"),
        ("a b.py", "python 'a b.py'"),
        ("a;b.sh", "bash 'a;b.sh'"),
        ("it's.py", "python 'it'\"'\"'s.py'"),
        ("-c.py", "python ./-c.py"),
        ("~a.py", "python '~a.py'"),
    ],
)
def test_a_script_is_an_entry_point(project_dir: Path, name: str, expected: str) -> None:
    # MLflow C-03, C-06
    assert command(put(project_dir, name), name) == expected


NAMES = st.text(string.printable + "é{}", min_size=1, max_size=12).filter(lambda n: "/" not in n and "\0" not in n)


@given(NAMES, st.sampled_from([".py", ".sh", ".R"]))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_name_is_one_argument_and_no_placeholder(project_dir: Path, stem: str, suffix: str) -> None:
    name = stem + suffix
    put(project_dir, name)
    _, argument = shlex.split(command(project_dir, name).format())
    assert argument.removeprefix("./") == name.removeprefix("./")


@pytest.mark.parametrize(
    "name", ["a.PY", "a.r", "a.ipynb", "a.js", "a", "", ".py", "dir.py", "no.py", "x\0.py", "y" * 5000 + ".py"]
)
def test_anything_else_is_not_and_the_error_lists_what_is(project_dir: Path, name: str) -> None:
    # MLflow C-04, C-05
    put(project_dir, "train.py", "b.sh", "dir.py/x")
    assert "could not find" in refusal(project_dir, name).message or "\0" in name or len(name) > 4000


def test_the_error_lists_and_guesses(project_dir: Path) -> None:
    put(project_dir, "train.py", "b.sh")
    problem = refusal(project_dir, "trian.py")
    assert "b.sh, train.py" in problem.message
    assert "did you mean 'train.py'?" in (problem.hint or "")
    (project_dir / "MLproject").write_text("entry_points:\n  evaluate: {command: a}\n")
    problem = refusal(project_dir, "evalute")
    assert "declared: evaluate" in problem.message
    assert "did you mean 'evaluate'?" in (problem.hint or "")


@pytest.mark.parametrize("name", ["../out.py", "/etc/out.py", "sub/../../out.py", "./../out.py"])
def test_a_script_outside_is_refused(project_dir: Path, name: str) -> None:
    put(project_dir.parent, "out.py")
    put(project_dir, "sub/x")
    assert "not inside the project" in refusal(project_dir, name).message


def test_a_link_of_the_project_may_lead_outside(project_dir: Path) -> None:
    put(project_dir.parent, "out.py")
    (project_dir / "link.py").symlink_to(project_dir.parent / "out.py")
    assert command(project_dir, "link.py") == "python link.py"
    assert command(project_dir, str(project_dir / "link.py")) == f"python {project_dir}/link.py"


def test_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    try:
        folder.mkdir()
    except (OSError, ValueError):
        pytest.skip("this file system has no such names")
    put(folder, "x\udce9.py")
    assert read_project(folder, NoCache()).name == "caf\\xe9" or read_project(folder, NoCache()).name == "caf\\udce9"
    assert refusal(folder, "main").message.encode()


@pytest.mark.parametrize(("script", "program"), [("main.py", "python"), ("train.py", "python"), ("main.sh", "bash")])
def test_main_is_a_lone_usual_script_and_that_is_said(project_dir: Path, script: str, program: str) -> None:
    put(project_dir, script, "other.py")
    found = get_entry_point(read_project(project_dir, NoCache()), "main", project_dir)
    assert (found.name, found.command) == ("main", f"{program} {script}")
    assert script in (found.note or "")


def test_main_is_not_guessed_between_two(project_dir: Path) -> None:
    problem = refusal(put(project_dir, "main.py", "train.py"), "main")
    assert "main.py, train.py" in problem.message


def test_main_is_not_guessed_where_there_is_none(project_dir: Path) -> None:
    assert "scripts: other.py" in refusal(put(project_dir, "other.py"), "main").message


def test_a_declared_entry_point_goes_before_a_script(project_dir: Path) -> None:
    # MLflow G-12, C-02
    put(project_dir, "a.py", "b.py", "main.py")
    (project_dir / "MLproject").write_text("entry_points:\n  a.py: {command: declared}\n  main: {command: mine}\n")
    assert [command(project_dir, name) for name in ("a.py", "main", "b.py")] == ["declared", "mine", "python b.py"]
