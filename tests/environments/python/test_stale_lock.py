"""Locks of the project's own that do not answer any more: real uv; the hashes of Poetry and PDM are those they made."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact import environments
from reenact.cli import main
from reenact.document_cache import find_documents
from reenact.environments.python.content_hash import pick_pdm_hashes, pick_poetry_hashes
from reenact.environments.python.stale_lock import compare_lines, find_stale
from reenact.environments.python.uv import find_uv
from reenact.plan import PythonSpec
from reenact.project.environment_files import with_own_environment
from reenact.project.load import get_entry_point, read_project
from reenact.project.toml_text import load_toml
from reenact.world import World
from tests.environments.conftest import write

PROJECT = """
[project]
name = "Ours_X"
version = "0.1"
requires-python = "~=3.10"
dependencies = [
    "Tiny>=1,<2",
    "needy ; python_version >= '3.8' and sys_platform != 'nothing'",
]
[project.optional-dependencies]
Gpu_a = ["dateless (>=1)", 'tiny ; python_version < "3.8"']
[dependency-groups]
Dev_a = ["needy==1.*", {include-group = "more-b"}]
more_b = ["dateless"]
[tool.uv]
dev-dependencies = ["tiny"]
[tool.uv.sources]
dateless = {index = "here"}
[[tool.uv.index]]
name = "here"
url = "INDEX"
"""


@pytest.fixture
def here(world: World, dated_index: str) -> World:
    return world._replace(environ={**world.environ, "UV_DEFAULT_INDEX": dated_index})


def uv(root: Path, world: World, *arguments: str) -> None:
    subprocess.run([find_uv(), *arguments], cwd=root, env=dict(world.environ), check=True, capture_output=True)


def ask(root: Path, world: World, entry_point: str | None = None) -> PythonSpec:
    project = read_project(root, find_documents(world.home))
    if entry_point is not None:
        project = with_own_environment(project, get_entry_point(project, entry_point, root), root)
    spec = environments.ask(project, root, None, world)
    assert isinstance(spec, PythonSpec)
    return spec


@pytest.mark.parametrize("strictly", [False, True])
def test_a_uv_lock_that_answers(project_dir: Path, here: World, dated_index: str, strictly: bool) -> None:
    text = PROJECT.replace("INDEX", dated_index)
    write(project_dir, {"pyproject.toml": text})
    uv(project_dir, here, "lock")
    assert find_stale(ask(project_dir, here), project_dir, here, strictly=strictly) == ()
    # Another way to write the same, in another order, with what is not asked for by anybody.
    changed = text.replace("Tiny>=1,<2", "tiny <2, >=1").replace('["dateless (>=1)",', "['dateless>=1',")
    write(project_dir, {"pyproject.toml": f"# comment\n{changed}\n[tool.other]\nx = 1\n"})
    assert find_stale(ask(project_dir, here), project_dir, here, strictly=strictly) == ()


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (
            "Tiny>=1,<2",
            "Tiny>=1",
            ["new: dependencies Tiny>=1", "gone: dependencies tiny>=1,<2"],
        ),
        ('"needy ; python_version', '"dateless", "needy ; python_version', ["new: dependencies dateless"]),
        ('"dateless (>=1)", ', "", ["gone: optional-dependencies gpu-a dateless>=1"]),
        ('more_b = ["dateless"]', "more_b = []", ["dev-a dateless", "more-b dateless"]),
        ('dev-dependencies = ["tiny"]', "", ["gone: dependency-groups dev tiny"]),
        ('"~=3.10"', '">=3.11"', ["new: requires-python >=3.11, and it has >=3.10, <4"]),
        ("sys_platform != 'nothing'", "sys_platform != 'no'", ["new: dependencies needy ; python_version"]),
    ],
)
def test_which_line_of_a_uv_lock_went_stale(
    project_dir: Path, here: World, dated_index: str, old: str, new: str, lines: list[str]
) -> None:
    text = PROJECT.replace("INDEX", dated_index)
    write(project_dir, {"pyproject.toml": text})
    uv(project_dir, here, "lock")
    assert old in text
    write(project_dir, {"pyproject.toml": text.replace(old, new)})
    found = find_stale(ask(project_dir, here), project_dir, here, strictly=False)
    assert all(any(line in each for each in found) for line in lines), found
    assert not any("idna" in each for each in found)
    assert find_stale(ask(project_dir, here), project_dir, here, strictly=True) == found


def test_what_only_uv_knows_is_asked_when_only_locks_may_run(project_dir: Path, here: World, dated_index: str) -> None:
    text = PROJECT.replace("INDEX", dated_index)
    write(project_dir, {"pyproject.toml": text})
    uv(project_dir, here, "lock")
    write(project_dir, {"pyproject.toml": text.replace("[tool.uv]", '[tool.uv]\noverride-dependencies = ["tiny<1.5"]')})
    (line,) = find_stale(ask(project_dir, here), project_dir, here, strictly=True)
    assert line == "uv says: mismatched overrides"


def test_members_of_a_workspace(project_dir: Path, here: World) -> None:
    member = '[project]\nname = "member"\nversion = "1"\ndependencies = ["tiny"]\n'
    root = '[project]\nname = "whole"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["member"]\n'
    root += '[tool.uv.workspace]\nmembers = ["packages/*"]\n[tool.uv.sources]\nmember = {workspace = true}\n'
    write(project_dir, {"pyproject.toml": root, "packages/m/pyproject.toml": member})
    uv(project_dir, here, "lock")
    assert find_stale(ask(project_dir, here), project_dir, here, strictly=True) == ()
    write(project_dir, {"packages/m/pyproject.toml": member.replace('"tiny"', '"tiny", "needy"')})
    found = find_stale(ask(project_dir, here), project_dir, here, strictly=False)
    assert found == ("packages/m: new: dependencies needy",)


def test_the_lock_of_a_script(project_dir: Path, here: World) -> None:
    script = '# /// script\n# requires-python = ">=3.10"\n# dependencies = ["tiny<2"]\n# ///\nprint(1)\n'
    write(project_dir, {"train.py": script})
    uv(project_dir, here, "lock", "--script", "train.py")
    assert find_stale(ask(project_dir, here, "train.py"), project_dir, here, strictly=True) == ()
    write(project_dir, {"train.py": script.replace("tiny<2", "tiny").replace("print(1)", "print(2)")})
    found = find_stale(ask(project_dir, here, "train.py"), project_dir, here, strictly=False)
    assert found == ("new: dependencies tiny", "gone: dependencies tiny<2")


def test_a_run_warns_and_a_locked_run_refuses(
    project_dir: Path, here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PROJECT.partition("[tool.uv]")[0]
    write(project_dir, {"pyproject.toml": text, "train.py": "print('ran')\n"})
    uv(project_dir, here, "lock")
    for name in ("UV_DEFAULT_INDEX", "UV_FIND_LINKS", "UV_NO_INDEX"):
        if name in here.environ:
            monkeypatch.setenv(name, here.environ[name])
    arguments = ["run", str(project_dir), "-e", "train.py", "--dry-run"]
    assert main([*arguments, "--locked"]) == 0
    assert "uv.lock" not in capsys.readouterr().err
    write(project_dir, {"pyproject.toml": text.replace('"Tiny>=1,<2"', '"tiny==2.0"')})
    assert main(arguments) == 0
    said = capsys.readouterr().err
    assert "warning: uv.lock does not answer what pyproject.toml asks for" in said
    assert "new: dependencies tiny==2.0" in said
    assert main([*arguments, "--locked"]) == 65
    said = capsys.readouterr().err
    assert "error: uv.lock does not answer what pyproject.toml asks for\n" in said
    assert "  new: dependencies tiny==2.0\n" in said
    assert "hint: make it anew: uv lock" in said


POETRY = """
[tool.poetry]
name = "p"
version = "0.1.0"
[tool.poetry.dependencies]
python = "^3.10"
tiny = "^1.0"
[tool.poetry.group.dev.dependencies]
needy = "*"
"""
POETRY_LOCK = """
[[package]]
name = "tiny"
version = "1.0"
files = []
[metadata]
lock-version = "2.1"
python-versions = "^3.10"
content-hash = "HASH"
"""


def test_a_poetry_lock(project_dir: Path, here: World) -> None:
    (known, _) = load_toml(POETRY.encode(), find_documents(here.home), pick_poetry_hashes)
    write(project_dir, {"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK.replace("HASH", known)})
    assert find_stale(ask(project_dir, here), project_dir, here, strictly=True) == ()
    write(project_dir, {"pyproject.toml": POETRY.replace('"^1.0"', '"^2.0"')})
    found = find_stale(ask(project_dir, here), project_dir, here, strictly=False)
    assert found == ("changed: tiny>=2.0,<3, and it has tiny==1.0",)
    write(project_dir, {"pyproject.toml": POETRY.replace('needy = "*"', "")})
    found = find_stale(ask(project_dir, here), project_dir, here, strictly=False)
    assert found == ("pyproject.toml has changed since (its hash is not the one in poetry.lock)",)


BOTH = """
[project]
name = "p"
version = "0.1.0"
requires-python = ">=3.10,<4"
dependencies = ["six>=1.15", "tomli; python_version < '3.11'"]
[project.optional-dependencies]
x = ["idna"]
[dependency-groups]
dev = ["iniconfig"]
"""


def test_hashes_that_the_tools_gave(here: World) -> None:
    documents = find_documents(here.home)
    poetry = '[tool.poetry]\nname = "p"\n[tool.poetry.dependencies]\npython = "^3.10"\nsix = "^1.15"\n'
    assert load_toml(poetry.encode(), documents, pick_poetry_hashes)[0] == (
        "94c76791335303f7c78a88f3817a2aaf45e1be872a40b2f7e355bd32b68d72b6"
    )
    both = BOTH + "[tool.poetry]\npackage-mode = false\n"
    assert load_toml(both.encode(), documents, pick_poetry_hashes)[0] == (
        "2e93317968fac2465b9a720984a4ef55ac9acd995cc46c179130548f0b301191"
    )
    assert load_toml(BOTH.encode(), documents, pick_pdm_hashes)[0] == (
        "2285ae87b297d1904c87b5eef559bfd61ee7faca962d74216ee55b841ebd7f82"
    )


def test_a_requirements_lock(project_dir: Path, here: World) -> None:
    lock = "tiny==1.0 --hash=sha256:00\nneedy==1.0 ; python_version > '3'\n"
    write(
        project_dir, {"requirements.txt": "tiny<2\nneedy\nother; sys_platform == 'win32'\n", "requirements.lock": lock}
    )
    assert find_stale(ask(project_dir, here), project_dir, here, strictly=True) == ()
    write(project_dir, {"requirements.txt": "Tiny[x]==1.1\nneedy\nmore>=1\n"})
    found = find_stale(ask(project_dir, here), project_dir, here, strictly=True)
    assert found == ("changed: Tiny[x]==1.1, and it has Tiny==1.0", "new: more>=1")


@given(st.lists(st.text(max_size=30)), st.lists(st.text(max_size=30)))
def test_any_lines_can_be_compared(asked: list[str], locked: list[str]) -> None:
    list(compare_lines(PythonSpec(dependencies=tuple(asked), locked=tuple(locked))))
