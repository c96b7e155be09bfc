"""Environment files that nobody here wrote: each gives a request or a clear error, whatever stands in it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from reenact import environments
from reenact.document_cache import find_documents
from reenact.errors import ReenactError
from reenact.home import Home
from reenact.plan import CondaSpec, EnvironmentSpec, PythonSpec
from reenact.project.load import read_project
from reenact.report import Memory
from reenact.world import World
from tests.environments.conftest import write

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
FORMS = ("python_env.yaml", "conda.yaml", "conda.yml", "environment.yml", "requirements.txt", "pyproject.toml")
HASH = "a" * 64


def ask(root: Path, manager: str | None = None) -> EnvironmentSpec:
    """What the project in ``root`` asks for; its home is beside it."""
    world = World(Home(root.parent / "home"), {}, root, Memory())
    return environments.ask(read_project(root, find_documents(world.home)), root, manager, world)


def python(root: Path, name: str, text: str | bytes) -> PythonSpec:
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    spec = ask(root)
    assert isinstance(spec, PythonSpec)
    return spec


def conda(root: Path, text: str) -> CondaSpec:
    write(root, {"conda.yaml": text})
    spec = ask(root, "conda")
    assert isinstance(spec, CondaSpec)
    return spec


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"six==1.16 \\\n    --hash=sha256:{HASH}\n    # via x\nidna\n", [f"six==1.16 --hash=sha256:{HASH}", "idna"]),
        ("\ufeffsix==1.16\r\n# c\r\nidna # c\r\n", ["six==1.16", "idna"]),
        ("  six  ==  1.16  \n\n\t\nidna\t>=2\n", ["six  ==  1.16", "idna\t>=2"]),
        ("foo[bar,baz]>=1,!=1.5,<2\nfoo (>=1)\n", ["foo[bar,baz]>=1,!=1.5,<2", "foo (>=1)"]),
        (
            "a;python_version<'3'\na ; sys_platform == \"win32\"\n",
            ["a;python_version<'3'", 'a ; sys_platform == "win32"'],
        ),
        ("-e git+https://h/a.git@v1#egg=a&subdirectory=s\n", ["git+https://h/a.git@v1#egg=a&subdirectory=s"]),
        (f"six @ https://h/six.zip#sha256={HASH}\n", [f"six @ https://h/six.zip#sha256={HASH}"]),
        ("six @ https://${TOKEN}@h/six.zip\n", ["six @ https://${TOKEN}@h/six.zip"]),
        ("six @ https://me:pw@h/six.zip\n", ["six @ https://****@h/six.zip"]),
        ("--use-feature=fast-deps\n--use-feature x\nsix\n", ["six"]),
        ("", []),
    ],
)
def test_requirements(project_dir: Path, text: str, lines: list[str]) -> None:
    assert list(python(project_dir, "requirements.txt", text).dependencies) == lines


def test_options_of_requirements(project_dir: Path) -> None:
    write(project_dir, {"wheels/x": ""})
    text = (
        "-i https://me:pw@h/s\n--extra-index-url=https://h/t\n--pre\n--no-binary :all:\n--prefer-binary\n-f ./wheels\n"
    )
    assert python(project_dir, "requirements.txt", text).options == (
        "--index-url https://****@h/s",
        "--extra-index-url https://h/t",
        "--pre",
        "--no-binary :all:",
        "--find-links ./wheels",
    )


@pytest.mark.parametrize(
    "data",
    ["# ï\nsix\n".encode("utf-16"), b"# -*- coding: latin-1 -*-\n# \xef\nsix\n", "# ï\nsix\n".encode("utf-8-sig")],
)
def test_encodings_that_pip_reads(project_dir: Path, data: bytes) -> None:
    assert python(project_dir, "requirements.txt", data).dependencies == ("six",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-r requirements.txt\n", "requirements.txt:1:1: error: 'requirements.txt' leads back to itself"),
        ("\n-r nope.txt\n", "requirements.txt:2:1: error: the requirements file 'nope.txt' does not exist"),
        ("-r https://h/r.txt\n", "'https://h/r.txt' is not a file"),
        ("numpy=1.19\n", "PyPI's form is 'numpy==VERSION'"),
        ("# conda list --export\n@EXPLICIT\n", "requirements.txt:2:1: error: '@EXPLICIT' is not a requirement"),
        ("WARNING: You are using pip version 20\n", "is not a requirement"),
        ("a b\n", "'a b' is not a requirement"),
        ("numpy @ file:///croot/numpy/work\n", "it was built there on the machine that wrote this list"),
        ("git+git@h.org:a/b.git\n", "write it as git+ssh://git@h.org/a/b.git"),
        ("-e git@h.org:a/b.git#egg=b\n", "write it as git+ssh://git@h.org/a/b.git#egg=b"),
        ("--no-cache-dir\n", "the option '--no-cache-dir' means nothing here"),
        ("six --global-option=x\n", "the option '--global-option' of a requirement is not served"),
        ("-e\n", "needs a value"),
    ],
)
def test_requirements_that_cannot_be(project_dir: Path, text: str, said: str) -> None:
    with pytest.raises(ReenactError) as caught:
        python(project_dir, "requirements.txt", text)
    assert said in f"{caught.value.message}\n{caught.value.hint}"


def test_a_conda_file_with_everything(project_dir: Path) -> None:
    write(project_dir, {"req.txt": "attrs\n"})
    spec = conda(
        project_dir,
        "\ufeffname: x\r\nprefix: /home/me/envs/x\r\nchannels: [nodefaults, conda-forge, conda-forge/label/dev]\r\n"
        "dependencies:\r\n- pip:\r\n  - six\r\n  - --extra-index-url https://h/s\r\n- python=3.8\r\n"
        "- numpy >=1.20, <2\r\n"
        "- scipy=1.5=py38*_0 # [linux]\r\n- pip:\r\n  - -r req.txt\r\n  - idna==3.4\r\n- defaults::mkl\r\n"
        "- \"openssl[version='>=1.1',build=h*]\"\r\nvariables:\r\n  A: 1\r\n  B: 'x y'\r\n",
    )
    assert spec.channels == ("conda-forge", "conda-forge/label/dev", "https://repo.anaconda.com/pkgs/main")
    assert spec.packages == (
        "python=3.8",
        "numpy >=1.20, <2",
        "scipy=1.5=py38*_0",
        "https://repo.anaconda.com/pkgs/main::mkl",
        "openssl[version='>=1.1',build=h*]",
    )
    assert spec.pip.dependencies == ("six", "attrs", "idna==3.4")
    assert spec.pip.options == ("--extra-index-url https://h/s",)
    assert dict(spec.variables) == {"A": "1", "B": "x y"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dependencies: {python: 3.8}\n", "conda.yaml:1:15: error: 'dependencies' is a mapping; expected a list"),
        ("dependencies:\n- sel(win): pywin32\n", "conda.yaml:2:3: error: 'sel(win):' is not a list"),
        ("dependencies:\n\t- python\n", "YAML is indented with spaces only"),
        ("dependencies: [python]\nvariables: {A: [1]}\n", "the variable 'A' is a list; expected a text"),
        ("dependencies: [python]\n---\na: 1\n", "a second YAML document begins here"),
        ("- python\n", "expected 'key: value' pairs"),
        ("dependencies:\n- pip:\n  - -r nope.txt\n", "conda.yaml:3:5: error: the requirements file 'nope.txt'"),
    ],
)
def test_conda_files_that_cannot_be(project_dir: Path, text: str, said: str) -> None:
    with pytest.raises(ReenactError) as caught:
        conda(project_dir, text)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("python: 3.10\n", "3.10"),
        ("python: '>=3.8,<4'\n", ">=3.8,<4"),
        ("python: 3.8.10\n", "3.8.10"),
        ("python:\t'3.11'\n", "3.11"),
        ("python:\ndependencies:\n", None),
        ("", None),
    ],
)
def test_the_python_of_a_python_env(project_dir: Path, text: str, asked: str | None) -> None:
    assert python(project_dir, "python_env.yaml", text).python == asked


PYPROJECT: dict[str, Any] = {
    "project": {
        "name": "p",
        "version": "1",
        "requires-python": ">=3.10",
        "dependencies": ["six", "idna ; python_version > '3'"],
        "optional-dependencies": {"gpu": ["attrs", "p[other]"], "other": ["six"]},
    },
    "dependency-groups": {"dev": ["six", {"include-group": "test"}], "test": ["idna"]},
    "build-system": {"requires": []},
    "tool": {
        "uv": {
            "sources": {"six": {"index": "i"}, "idna": [{"url": "https://h/x.zip"}, {"git": "https://h/y"}]},
            "index": [{"name": "i", "url": "https://me:pw@h/s", "default": True}],
            "dev-dependencies": ["six"],
            "package": False,
        },
        "poetry": {
            "package-mode": False,
            "dependencies": {
                "python": "^3.10",
                "six": "^1",
                "a": {"version": "1", "extras": ["x"]},
                "b": [{"git": "g"}],
            },
            "group": {"dev": {"dependencies": {"c": {"path": "."}}}},
            "dev-dependencies": {"d": "*"},
            "extras": {"gpu": ["a"]},
            "source": [{"name": "s", "url": "https://h/s", "priority": "primary"}],
        },
    },
}
VALUES = st.recursive(
    st.sampled_from([0, 3.8, True, "", "x", "==", "3.8.*", "a b", "-r x", "../..", "@", "[", "\x7f\n'\""]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "six", "url", "path"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def list_places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value below ``value``."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from list_places(inner, (*path, key))


@given(
    st.sampled_from(list(list_places(PYPROJECT))), VALUES, st.sampled_from([None, "uv.lock", "poetry.lock", "pdm.lock"])
)
def test_any_value_in_a_pyproject_is_told(place: tuple[Any, ...], value: Any, lock: str | None) -> None:
    table = copy.deepcopy(PYPROJECT)
    holder = table
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    with TemporaryDirectory() as folder:
        root = Path(folder, "project")
        write(root, {"pyproject.toml": tomli_w.dumps(table)})
        if lock is not None:
            write(root, {lock: tomli_w.dumps(table)})
        expect_told(root, "python_env: {pyproject: ., groups: [dev], extras: [gpu]}\n")


def expect_told(root: Path, project: str, manager: str | None = None) -> None:
    """Whatever is there is a request or an error of ours."""
    write(root, {"MLproject": project})
    try:
        ask(root, manager)
    except ReenactError as problem:
        assert problem.message


def list_corpus() -> list[Path]:
    found = [path for path in CORPUS.rglob("*") if path.is_file() and path.name.lower() in FORMS]
    return sorted(found) or [Path("absent")]


PIECES = st.sampled_from(
    [
        "\t",
        "\r\n",
        "\x00",
        "\ufeff",
        "- pip:\n  - x\n",
        "::",
        "=",
        "[",
        "{",
        "'",
        "- -r x\n",
        "@",
        "#",
        "  ",
        "-",
        "&a *a",
        "---\n",
    ]
)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
@given(st.sampled_from(list_corpus()), st.floats(0, 1), st.integers(0, 40), PIECES, st.booleans())
def test_any_change_of_a_real_file_is_told(path: Path, where: float, gone: int, piece: str, as_conda: bool) -> None:
    text = path.read_text("utf-8", "replace")
    at = int(where * len(text))
    with TemporaryDirectory() as folder:
        root = Path(folder, "project")
        write(root, {path.name: text[:at] + piece + text[at + gone :]})
        is_conda = path.name.startswith(("conda", "environment"))
        key = "conda_env" if is_conda else "python_env"
        expect_told(root, f"{key}: {path.name}\n", "conda" if is_conda and as_conda else None)
