"""What a conda file says, and what would be asked of the solver for those that people wrote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reenact.environments.conda.file import CondaFile, read_conda_file
from reenact.environments.conda.rattler_api import find_wrong_spec, list_channels
from reenact.environments.conda.request import find_name, make_spec, needs_conda
from reenact.environments.conda.translation import ask_file
from reenact.errors import ProjectError
from reenact.home import Home
from reenact.report import Memory
from reenact.world import World

CORPUS = Path(__file__).parents[3] / ".." / "shared" / "corpus"


def real_files() -> list[Path]:
    found = [path for pattern in ("*conda*.y*ml", "environment*.y*ml") for path in CORPUS.rglob(pattern)]
    return sorted(path for path in set(found) if path.is_file() and path.stat().st_size)


@pytest.fixture
def world(home: Home, project_dir: Path) -> World:
    return World(home, os.environ, project_dir, Memory())


def read(text: str, world: World) -> CondaFile:
    (world.cwd / "conda.yaml").write_text(text)
    return read_conda_file("conda.yaml", world.cwd, world)


def test_everything_that_a_file_says(world: World) -> None:
    file = read(
        """
name: demo
channels: [conda-forge, nodefaults]
dependencies:
  - pip: [first]
  - python=3.10
  - pip
  - pip:
      - second>=2   # why
      - -r more.txt
variables:
  DATA: 010
""",
        world,
    )
    assert file.name == "demo"
    assert [item.text for item in file.channels] == ["conda-forge", "nodefaults"]
    assert [(item.text, item.position.line) for item in file.packages] == [("python=3.10", 6), ("pip", 7)]
    assert [(line.text, line.position.line) for line in file.pip] == [
        ("first", 5),
        ("second>=2", 9),
        ("-r more.txt", 10),
    ]
    assert file.variables == {"DATA": "010"}


def test_an_empty_file_asks_for_nothing(world: World) -> None:
    assert read("", world) == CondaFile("conda.yaml")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("dependencies: {a: b}", 1, "'dependencies' is a mapping; expected a list"),
        ("dependencies:\n  - [a]", 2, "a list is not a conda package"),
        ("dependencies:\n  - npm: [a]", 2, "'npm:' is not a list that a conda file can have"),
        ("dependencies:\n  - pip:\n    - {a: b}", 3, "a mapping is not a requirement line"),
        ("variables: [a]", 1, "'variables' is a list"),
        ("variables:\n  A: b\n  A=B: c", 3, "'A=B' is not the name of a variable"),
        ("channels: {a: b}", 1, "'channels' is a mapping"),
    ],
)
def test_what_is_wrong_is_shown_with_its_line(world: World, text: str, line: int, message: str) -> None:
    with pytest.raises(ProjectError) as raised:
        read(text, world)
    assert f"conda.yaml:{line}:" in raised.value.message
    assert message in raised.value.message


def test_all_that_is_wrong_is_said_at_once(world: World) -> None:
    with pytest.raises(ProjectError) as raised:
        read("channels: {a: b}\ndependencies:\n  - [a]", world)
    assert len(raised.value.diagnostics) == 2


def test_a_missing_file_is_named(world: World) -> None:
    with pytest.raises(ProjectError, match=r"'conda.yaml' does not exist"):
        read_conda_file("conda.yaml", world.cwd, world)


def test_pip_lines_are_written_out(world: World) -> None:
    (world.cwd / "more.txt").write_text("six==1.16.0\n--extra-index-url https://user:pass@host/simple\n")
    (world.cwd / "conda.yaml").write_text("dependencies: [pip: [-r more.txt, idna]]")
    spec = make_spec("conda.yaml", world.cwd, world)
    assert spec.pip.dependencies == ("six==1.16.0", "idna")
    assert spec.pip.options == ("--extra-index-url https://****@host/simple",)
    assert spec.packages == ("python",), "a pip list needs a Python"
    assert spec.pip.files == ("conda.yaml", "more.txt")


def test_pip_lines_are_relative_to_the_file_as_for_conda(world: World) -> None:
    for folder in (world.cwd, world.cwd / "envs"):
        folder.mkdir(exist_ok=True)
        (folder / "setup.py").write_text(f"# {folder.name}\n")
        (folder / "more.txt").write_text(f"{folder.name}-package\n")
    lines = "dependencies:\n  - python\n  - pip: ['-r more.txt', -e .., -e .]\n"
    (world.cwd / "envs" / "conda.yaml").write_text(lines)
    for spec in (make_spec("envs/conda.yaml", world.cwd, world).pip, ask_file("envs/conda.yaml", world.cwd, world)):
        assert spec.dependencies == ("envs-package", ".", "./envs")
        assert spec.files == ("envs/conda.yaml", "envs/more.txt")


def test_an_empty_pip_list_is_doubtful(world: World) -> None:
    file = read("dependencies:\n- python\n- pip:\n- six\n", world)
    assert [item.text for item in file.packages] == ["python", "six"]
    assert isinstance(world.report, Memory)
    (doubt,) = world.report.findings
    assert (doubt.code, doubt.position and doubt.position.line) == ("empty-pip", 3)


def test_a_file_cannot_take_the_path_from_the_environment(world: World) -> None:
    assert read("variables: {PATH: /opt/bin, A: b}", world).variables == {"A": "b"}
    assert isinstance(world.report, Memory)
    (doubt,) = world.report.findings
    assert (doubt.code, doubt.severity) == ("reserved-variable", "warning")


def test_a_pip_entry_is_part_of_a_requirements_file(world: World) -> None:
    entries = "['six  # why', \"idna\\ntoolz>=1, \\\\\\n<2\", 'a @ https://host/a-1.zip#egg=a']"
    file = read(f"dependencies: [pip: {entries}]", world)
    assert [line.text for line in file.pip] == ["six", "idna", "toolz>=1, <2", "a @ https://host/a-1.zip#egg=a"]


def test_a_password_in_a_channel_stays_in_the_file(world: World) -> None:
    (world.cwd / "conda.yaml").write_text(
        "channels: ['https://me:secret@host/c', 'https://host/t/tk-9/c']\ndependencies: [a]"
    )
    assert make_spec("conda.yaml", world.cwd, world).channels == ("https://****@host/c", "https://host/t/****/c")


def test_what_pypi_cannot_stand_in_for_needs_conda(world: World) -> None:
    reason = needs_conda(read("dependencies: [python=3.9, conda-forge::openjdk=11, numpy, r-base]", world))
    assert reason is not None
    assert "openjdk is a program" in reason
    assert "numpy" not in reason
    assert needs_conda(read("dependencies: [python=3.9, numpy, pip: [mlflow]]", world)) is None


def test_a_channel_of_this_machine_needs_conda(world: World) -> None:
    for text in (
        "channels: [conda-forge, ./built]\ndependencies: [ours]",
        "channels: ['file:///srv/built']\ndependencies: [ours]",
        "dependencies: ['file:///srv/built::ours']",
        "dependencies: ['ours[channel=/srv/built]']",
    ):
        assert "built is a folder of this machine" in (needs_conda(read(text, world)) or ""), text
    assert needs_conda(read("channels: [conda-forge, 'https://host/mirror']\ndependencies: [six]", world)) is None


@pytest.mark.parametrize(
    ("spec", "name"),
    [("numpy", "numpy"), ("conda-forge::NumPy>=1", "numpy"), ("_libgcc_mutex=0.1=main", "_libgcc_mutex"), ("", "")],
)
def test_the_name_in_a_match_spec(spec: str, name: str) -> None:
    assert find_name(spec) == name


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real projects is not beside the repository")
def test_real_files_ask_the_solver_for_what_they_say(world: World) -> None:
    paths = real_files()
    assert len(paths) > 40
    for path in paths:
        try:
            spec = make_spec(path.name, path.parent, world)
        except ProjectError as problem:
            assert "does not exist" in problem.message, f"{path}: {problem.message}"  # a file that was never committed
            continue
        wrong = {package: find_wrong_spec(package) for package in spec.packages}
        assert not any(wrong.values()), f"{path}: {wrong}"
        assert spec.channels, path
        assert "defaults" not in spec.channels
        assert len(list_channels(spec.channels, spec.packages)) >= len(spec.channels)
        said = path.read_text("utf-8-sig")
        listed = [name for name in spec.channels if name in said]
        assert listed == sorted(listed, key=said.index) or "defaults" in said
        for package in spec.packages:
            assert package in said or package == "python", f"{path}: {package} was not asked for"
        if spec.pip.dependencies:
            assert any(find_name(package) == "python" for package in spec.packages)
