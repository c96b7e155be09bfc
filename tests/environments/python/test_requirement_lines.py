from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.environments.python.requirement_lines import Line, Local, Requirements, expand, parse_local, parse_text
from reenact.errors import ProjectError
from reenact.project.diagnostics import Position
from tests.environments.conftest import write


def expand_lines(root: Path, *lines: str, environ: dict[str, str] | None = None) -> Requirements:
    here = [Line(text, Position("python_env.yaml", n, 5), root) for n, text in enumerate(lines, 1)]
    return expand(here, root, root, environ or {})


def test_lines_are_joined_and_lose_their_comments() -> None:
    text = "# all\nsix # why\n\npandas \\\n  >=2\nx @ https://h/x#egg=x\nnumpy \\\n # end\nscipy"
    assert parse_text(text) == [
        (2, "six"),
        (4, "pandas   >=2"),
        (6, "x @ https://h/x#egg=x"),
        (7, "numpy"),
        (9, "scipy"),
    ]


@pytest.mark.parametrize("form", ["-r {}", "-r{}", "--requirement={}", "--requirement {}", "-r={}"])
def test_every_spelling_of_an_included_file_is_followed(project_dir: Path, form: str) -> None:  # MLflow E-20
    write(project_dir, {"reqs.txt": "six\n"})
    found = expand_lines(project_dir, form.format("reqs.txt"))
    assert (found.dependencies, found.files) == (("six",), ("reqs.txt",))


def test_included_files_are_relative_to_the_file_that_names_them(project_dir: Path) -> None:
    write(
        project_dir, {"a/one.txt": "-r b/two.txt\n-c ../limits.txt\n", "a/b/two.txt": "six\n", "limits.txt": "six<2\n"}
    )
    found = expand_lines(project_dir, "-r a/one.txt")
    assert (found.dependencies, found.constraints) == (("six",), ("six<2",))
    assert found.files == ("a/one.txt", "a/b/two.txt", "limits.txt")


def test_local_paths_are_relative_to_the_project_wherever_they_stand(project_dir: Path) -> None:  # MLflow E-05
    write(project_dir, {"sub/reqs.txt": "-e ./pkg\n", "pkg/setup.py": "", "sub/pkg/setup.py": ""})
    assert expand_lines(project_dir, "-r sub/reqs.txt").dependencies == ("./pkg",)


def test_what_is_not_there_is_looked_for_beside_the_file(project_dir: Path) -> None:
    """MLflow runs pip in the project's folder; the file may lie in a folder of its own."""
    write(project_dir, {"envs/reqs.txt": "six\n", "envs/both.txt": "idna\n", "both.txt": "toml\n", "lib/setup.py": ""})
    texts = ("-r reqs.txt", "-r both.txt", "-e ../lib")
    lines = [Line(text, Position("envs/python_env.yaml", 1, 5), project_dir) for text in texts]
    found = expand(lines, project_dir, project_dir, {})
    assert (found.dependencies, found.files) == (("six", "toml", "./lib"), ("envs/reqs.txt", "both.txt"))


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("-e .", "."),
        ("-e.", "."),
        ("--editable=./pkg[x, y]", "./pkg[x,y]"),
        ("./pkg ; python_version > '3'", "./pkg ; python_version > '3'"),
        ("./pkg[x]; python_version > '3'", "./pkg[x] ; python_version > '3'"),
        ("-e ./pkg;python_version > '3'", "./pkg ; python_version > '3'"),
        ("name @ ./pkg; python_version > '3'", "name @ ./pkg ; python_version > '3'"),
        ("file:./pkg; python_version > '3'", "./pkg ; python_version > '3'"),
        ("pkg/", "./pkg"),
        ("-e pkg", "./pkg"),
        ("name @ ./pkg", "name @ ./pkg"),
        ("w-1-py3-none-any.whl", "./w-1-py3-none-any.whl"),
        ("./w-1-py3-none-any.whl --hash=sha256:0a", "./w-1-py3-none-any.whl --hash=sha256:0a"),
    ],
)
def test_local_requirements(project_dir: Path, line: str, text: str) -> None:
    write(project_dir, {"pkg/setup.py": "", "w-1-py3-none-any.whl": ""})
    found = expand_lines(project_dir, line)
    assert found.dependencies == (text,)
    assert len(found.local) == 1


def test_file_urls_are_local(project_dir: Path) -> None:
    write(project_dir, {"my pkg/setup.py": ""})
    url = (project_dir / "my pkg").as_uri()
    assert expand_lines(project_dir, url).local == ("./my pkg",)
    assert expand_lines(project_dir, f"name @ {url}").dependencies == ("name @ ./my pkg",)


@pytest.mark.parametrize(
    "line",
    [
        "six",
        "six==1.16 ; python_version >= '3'",
        "pkg[extra]~=1.0",
        "pkg @ https://host/pkg-1.tar.gz",
        "pkg @ git+https://host/p.git@main#egg=pkg",
        "git+https://host/p.git",
    ],
)
def test_other_requirements_stay_as_they_are(project_dir: Path, line: str) -> None:
    assert expand_lines(project_dir, line) == Requirements((line,))


def test_options_are_kept_in_one_spelling(project_dir: Path) -> None:
    (project_dir / "wheels").mkdir()
    lines = (
        "-i https://h/simple --extra-index-url=https://g/simple",
        "--pre",
        "--require-hashes",
        "-f wheels",
        "--no-index",
    )
    found = expand_lines(project_dir, *lines, "--no-binary :all:", "--trusted-host h")
    assert found.options == (
        "--index-url https://h/simple",
        "--extra-index-url https://g/simple",
        "--pre",
        "--find-links ./wheels",
        "--no-index",
        "--no-binary :all:",
        "--trusted-host h",
    )
    assert found.local == ("./wheels",)


def test_credentials_are_not_kept(project_dir: Path) -> None:
    found = expand_lines(project_dir, "--index-url https://me:s3cret@h/simple", "p @ git+https://tok@h/p.git")
    assert found.options == ("--index-url https://****@h/simple",)
    assert found.dependencies == ("p @ git+https://****@h/p.git",)
    named = expand_lines(project_dir, "--index-url https://${USER}:${TOKEN}@h/simple", "p @ git+ssh://git@h/p.git")
    assert named.options == ("--index-url https://${USER}:${TOKEN}@h/simple",)
    assert named.dependencies == ("p @ git+ssh://git@h/p.git",)


def test_variables_in_paths_are_the_callers(project_dir: Path) -> None:
    write(project_dir, {"a.txt": "six"})
    assert expand_lines(project_dir, "-r ${WHICH}.txt", environ={"WHICH": "a"}).dependencies == ("six",)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-r gone.txt", "requirements file 'gone.txt' does not exist"),
        ("-c gone.txt", "requirements file 'gone.txt' does not exist"),
        ("./gone", "local package './gone' does not exist"),
        ("-f gone", "folder of --find-links 'gone' does not exist"),
        ("-r https://h/r.txt", "is not a file"),
        ("--indx-url x", "'--indx-url' means nothing"),
        ("-r", "needs a value"),
        ("six --global-option=x", "'--global-option' of a requirement is not served"),
        ("pandas=1.0", "written as conda has it"),
        ("-r loop.txt", "leads back to itself"),
        ("-r 'x", "cannot read"),
        ("--extra-index-url https://h/simple six", "'six' follows an option"),
    ],
)
def test_what_cannot_be_is_an_error_that_names_the_line(project_dir: Path, line: str, message: str) -> None:
    write(project_dir, {"loop.txt": "-r loop.txt\n"})
    with pytest.raises(ProjectError, match=r"(python_env.yaml|loop.txt):1:") as caught:
        expand_lines(project_dir, line)
    assert message in str(caught.value)


@given(st.text(max_size=60))
def test_any_file_has_lines(text: str) -> None:
    for number, line in parse_text(text):
        assert 1 <= number <= len(text.splitlines())
        assert line == line.strip() != ""
        assert not line.startswith("#")


path = st.from_regex(r"\./[A-Za-z0-9_ -]{1,12}[A-Za-z0-9]", fullmatch=True)


@given(path, st.sampled_from(["", "[a]", "[a,b-c]"]), st.sampled_from(["", "python_version > '3'"]))
def test_a_local_requirement_survives_rendering(path: str, extras: str, marker: str) -> None:
    local = Local("", path, extras, marker)
    assert parse_local(local.render(path)) == local
    named = Local(f"name{extras}", path, "", marker)
    assert parse_local(named.render(path)) == named


@pytest.mark.parametrize("line", ["six>=", "six >= ; python_version > '3'", "six>=,<2", "six (>=1,<)", "six=="])
def test_an_operator_without_a_version_is_told_with_its_line(project_dir: Path, line: str) -> None:
    with pytest.raises(ProjectError, match=r"python_env.yaml:2:5: error: .* has an operator that no version follows"):
        expand_lines(project_dir, "idna>=1,", line)
