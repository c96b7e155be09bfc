from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from reenact import environments
from reenact.errors import ProjectError, ReenactError, UsageError
from reenact.plan import CondaSpec, DockerSpec, PythonSpec, SystemSpec
from reenact.project.types import DockerEnvironment, EnvironmentSource, Project
from reenact.world import World
from tests.environments.conftest import project, told, write

CORPUS = Path(__file__).parents[2] / ".." / "shared" / "corpus"


def ask_python(text: str, folder: Path, world: World) -> PythonSpec:
    write(folder, {"python_env.yaml": text})
    spec = environments.ask(project("python_env", "python_env.yaml"), folder, None, world)
    assert isinstance(spec, PythonSpec)
    return spec


def ask_conda(text: str, folder: Path, world: World) -> PythonSpec:
    write(folder, {"conda.yaml": text})
    spec = environments.ask(project("conda_env", "conda.yaml"), folder, "uv", world)
    assert isinstance(spec, PythonSpec)
    return spec


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("3.10", "3.10"),  # MLflow E-02: to YAML this is 3.1
        ("'3.10'", "3.10"),
        ("3.11.4", "3.11.4"),
        ("3", "3"),
        ('">=3.10,<3.12"', ">=3.10,<3.12"),
        ("'3.11.*'", "3.11.*"),
        ("pypy3.10", "pypy3.10"),
        ("null", None),
    ],
)
def test_python_in_every_spelling(written: str, asked: str | None, project_dir: Path, world: World) -> None:
    assert ask_python(f"python: {written}\n", project_dir, world).python == asked


@pytest.mark.parametrize("text", ["", "{}", "# nothing\n", "---\n"])
def test_an_empty_file_asks_for_the_interpreter_only(text: str, project_dir: Path, world: World) -> None:  # MLflow E-01
    spec = ask_python(text, project_dir, world)
    assert (spec.python, spec.dependencies) == (None, ())


def test_one_dependency_needs_no_list(project_dir: Path, world: World) -> None:  # MLflow E-03
    assert ask_python("dependencies: six\n", project_dir, world).dependencies == ("six",)
    assert told(world, "found") == ["'dependencies' is a single text, and read as a list of one"]


def test_a_dependency_is_part_of_a_requirements_file(project_dir: Path, world: World) -> None:  # MLflow E-03
    spec = ask_python("dependencies:\n- 'six  # why'\n- |\n  idna\n  toolz\n", project_dir, world)
    assert spec.dependencies == ("six", "idna", "toolz")


def test_unknown_keys_are_told(project_dir: Path, world: World) -> None:  # MLflow E-01
    ask_python("name: x\npyhton: 3.11\n", project_dir, world)
    assert told(world, "found") == ["unknown key 'name' is ignored", "unknown key 'pyhton' is ignored"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("python: [3]\n", "python_env.yaml:1:9: error: 'python' is a list"),
        ("python: three\n", "python_env.yaml:1:9: error: 'python': 'three' is not a Python version"),
        ("dependencies: {a: b}\n", "python_env.yaml:1:15: error: 'dependencies' is a mapping"),
        ("dependencies:\n  - a: b\n", "python_env.yaml:2:5: error: a mapping is not a requirement"),
        ("dependencies: [[a]]\n", "a list is not a requirement"),
        ("python: 3.9\ndependencies: [numpy=1.2]\n", "written as conda has it"),
        ("- a\n", "expected 'key: value' pairs"),
        ("a: [\n", "the brackets do not close"),
        ("a: !!python/object:os.system x\n dependencies: y", "python_env.yaml:1:4: error: the tag"),
    ],
)
def test_mistakes_name_their_place(text: str, message: str, project_dir: Path, world: World) -> None:
    with pytest.raises(ProjectError) as caught:
        ask_python(text, project_dir, world)
    assert message in str(caught.value)


def test_a_conda_file_under_another_name_is_read_as_one(project_dir: Path, world: World) -> None:
    write(project_dir, {"requirements.txt": "six\n"})
    text = "name: x\ndependencies:\n  - python=3.10\n  - pip\n  - pip:\n    - -r requirements.txt\n"
    spec = ask_python(text, project_dir, world)
    assert (spec.python, spec.build_dependencies, spec.dependencies) == ("3.10", ("pip",), ("six",))
    assert told(world, "warn") == ["python_env.yaml is written as a conda file, and read as one"]


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("python=3.8", "3.8"),
        ("python==3.8.13", "3.8.13"),
        ("python=3.10.*", "3.10.*"),
        ("python 3.10", "3.10"),
        ("python = 3.10", "3.10"),
        ("python>=3.8,<3.12", ">=3.8,<3.12"),
        ("python >3.8", ">3.8"),
        ("python=3.10.4=h1_0", "3.10.4"),
        ("conda-forge::python=3.10", "3.10"),
        ("python", None),
    ],
)
def test_condas_python_in_every_spelling(
    line: str, asked: str | None, project_dir: Path, world: World
) -> None:  # MLflow E-07
    spec = ask_conda(f"dependencies:\n  - {line}\n", project_dir, world)
    assert (spec.python, spec.dependencies) == (asked, ())


def test_conda_packages_in_the_words_of_pypi(project_dir: Path, world: World) -> None:
    text = """
name: x
channels: [conda-forge, nodefaults]
prefix: /somewhere
variables: {OMP_NUM_THREADS: 1}
dependencies:
  - pip:
    - first
  - python=3.9
  - pytorch=2.0
  - pytorch-cuda=11.8
  - py-opencv>=4
  - scikit-learn=1.2=py39_0
  - setuptools=60
  - pip:
    - second==1
"""
    spec = ask_conda(text, project_dir, world)
    assert spec.dependencies == ("torch==2.0.*", "opencv-python>=4", "scikit-learn==1.2.*", "first", "second==1")
    assert spec.build_dependencies == ("setuptools==60.*",)
    assert spec.variables == {"OMP_NUM_THREADS": "1"}
    assert any("pytorch=2.0 → torch==2.0.*" in note for note in spec.notes)
    assert any("pytorch-cuda=11.8 (" in note for note in spec.notes)


def test_what_pypi_does_not_have_is_refused_line_by_line(project_dir: Path, world: World) -> None:  # MLflow E-11
    text = "dependencies:\n  - ffmpeg\n  - numpy\n  - r-base=4\n  - gcc_linux-64\n  - libpng\n  - numpy=1.2|1.3\n"
    with pytest.raises(ProjectError) as caught:
        ask_conda(text, project_dir, world)
    lines = [each.position.line for each in caught.value.diagnostics if each.position]
    assert lines == [2, 4, 5, 6, 7]
    assert "--env-manager conda" in str(caught.value)


def test_what_pypi_does_not_have_is_made_from_conda_packages(project_dir: Path, world: World) -> None:
    write(project_dir, {"conda.yaml": "dependencies: [python=3.11, r-base=4]\n"})
    spec = environments.ask(project("conda_env", "conda.yaml"), project_dir, None, world)
    assert isinstance(spec, CondaSpec)
    assert any("r-base" in note for note in told(world, "note"))


def test_files_are_found_by_convention(project_dir: Path, world: World) -> None:  # MLflow G-50
    write(project_dir, {"conda.yaml": "dependencies: [python=3.8]\n"})
    bare = Project(None)
    found = environments.ask(project("conda_env", "conda.yaml"), project_dir, None, world)
    assert isinstance(found, PythonSpec)
    assert found.python == "3.8"
    nothing = environments.ask(bare, project_dir, None, world)
    assert isinstance(nothing, PythonSpec)
    assert (nothing.origin, nothing.dependencies) == (None, ())


@pytest.mark.parametrize("manager", ["local", "system"])
def test_no_environment_is_always_possible(manager: str, project_dir: Path, world: World) -> None:  # MLflow E-16
    for each in (project(), project("conda_env", "gone.yaml"), project("docker_env")):
        assert environments.ask(each, project_dir, manager, world) == SystemSpec()


def test_managers_that_cannot_serve_are_refused(project_dir: Path, world: World) -> None:
    write(project_dir, {"conda.yaml": "dependencies: []\n"})
    with pytest.raises(UsageError, match="choose one of local, system, uv, virtualenv, conda"):
        environments.ask(project(), project_dir, "poetry", world)
    for each in (project(), project("python_env", "python_env.yaml")):
        with pytest.raises(ProjectError, match="python_env project cannot be executed using conda"):  # MLflow E-15
            environments.ask(each, project_dir, "conda", world)


def test_a_container_project_runs_outside_when_asked(project_dir: Path, world: World) -> None:
    docker = Project("p", environment=EnvironmentSource("docker_env", docker=DockerEnvironment("image")))
    assert isinstance(environments.ask(docker, project_dir, None, world), DockerSpec)
    write(project_dir, {"python_env.yaml": "python: 3.9\n"})
    spec = environments.ask(docker, project_dir, "uv", world)
    assert isinstance(spec, PythonSpec)
    assert spec.python == "3.9"


def test_virtualenv_is_uv_and_said(project_dir: Path, world: World) -> None:
    environments.ask(project(), project_dir, "virtualenv", world)
    assert told(world, "note") == ["--env-manager virtualenv: the environment is made by uv"]


def test_a_missing_file_is_told(project_dir: Path, world: World) -> None:  # MLflow G-52
    for key in ("python_env", "conda_env"):
        with pytest.raises(ProjectError, match="no such file was found"):
            environments.ask(project(key, "env.yaml"), project_dir, None, world)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not here")
def test_every_real_file_is_read_or_refused_with_reasons(world: World) -> None:
    outcome: Counter[tuple[str, bool]] = Counter()
    refused: dict[str, str] = {}
    read: dict[str, PythonSpec] = {}
    for row in json.loads((CORPUS / "index.json").read_text()):
        declared = row["environment_file"]
        if not declared or row["environment_file_is_stub"] or declared[0] == "docker_env":
            continue
        name = row["folder"]
        try:
            spec = environments.ask(project(*declared), CORPUS / name, "uv", world)
        except ReenactError as problem:
            refused[name] = str(problem)
            assert ".yaml:" in str(problem) or ".yml:" in str(problem), "the place is named"
        else:
            assert isinstance(spec, PythonSpec)
            read[name] = spec
        outcome[declared[0], name in read] += 1
    print(dict(outcome), refused)
    assert len(read) >= 50
    assert "openjdk" in refused["Tre-Xanh__automl/src"]
    assert "gdal" in refused["vfdev-5__UNOSAT_Challenge/experiments"]
    drone = read["maxkokot__Semantic-Segmentation-of-Drone-Images/src"]
    assert drone.python == "3.11.7"
    assert "torch==2.0.1.*" in drone.dependencies
    assert "torchaudio==2.0.1" in drone.dependencies
    assert any("cudatoolkit=11.8" in note for note in drone.notes)
    assert read["hdegen__MLOps-end-to-end/src"].local.keys() == {"."}
    assert read["HiEST__Fem-IoT/app"].python == "3.8"
