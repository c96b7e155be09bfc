"""A command that asks git where it stands is told the same when it is run again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from reenact.environments.docker.engine import Engine
from tests.environments.docker.engines import get_base_image, get_engine
from tests.integration.command import User, write_project
from tests.integration.test_bundles import Machine, can_leave_the_network, export
from tests.sources.repositories import commit, git

PROJECT = """
entry_points:
  main: {command: python about.py, outputs: [about.txt]}
"""
ABOUT = """
import subprocess
asked = ["rev-parse HEAD", "status --porcelain", "log -1 --format=%an:%s", "describe --tags --dirty --always"]
asked += ["rev-parse --abbrev-ref HEAD", "config --get remote.origin.url", "diff-index --name-only HEAD"]
said = "".join(subprocess.check_output(["git", *each.split()], text=True) for each in asked)
print(said)
open("about.txt", "w").write(said)
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def project(user: User) -> Path:
    """A repository with a tag, an origin, a change and a file that git does not know; the project is a part of it."""
    top = user.folder / "work"
    top.mkdir()
    git(top, "init", "--quiet", "--initial-branch=main")
    git(top, "remote", "add", "origin", "https://example.org/work.git")
    project = write_project(top / "inside", PROJECT, about__py=ABOUT)
    commit(top, {".gitignore": "about.txt\n", "shared.py": "x = 1\n"}, "first")
    commit(top, {"shared.py": "x = 2\n"}, "second")
    git(top, "tag", "--annotate", "--message", "now", "v1.0")
    return project


def run(user: User, *words: str) -> str:
    said = user.call("run", "--quiet", "--yes", "--env-manager", "system", *words)
    assert said.code == 0, said
    return said.out


def change(project: Path) -> None:
    (project.parent / "shared.py").write_text("x = 3\n")
    (project / "new.py").write_text("x = 1\n")


@pytest.mark.parametrize("dirty", [False, True])
def test_a_folder_that_is_gone(dirty: bool, user: User, project: Path) -> None:
    if dirty:
        change(project)
    first = run(user, str(project))
    assert ("v1.0-dirty\n" if dirty else "v1.0\n") in first
    assert (" M shared.py\n?? inside/new.py\n" in first) == dirty
    shutil.rmtree(project.parent)
    again = user.call("rerun", "@")
    assert (again.code, again.out) == (0, first), again
    assert user.call("rerun", "@").out == first, "a repetition is repeated as well"
    said = user.call("verify", user.runs()[-1]["id"])
    assert (said.code, said.out.partition(" ")[0]) == (0, "PASS"), said
    assert user.run(f"run:{user.runs()[-1]['id']}").out == first
    said = user.call("diff", user.runs()[-1]["id"], "@")
    assert "code          the same\n" in said.out, "the repository is none of the code"


def test_a_repository_s_address(user: User, project: Path) -> None:
    commit(project.parent, {"shared.py": "x = 4\n"}, "third")
    first = run(user, f"git+file://{project.parent}#inside", "-v", "v1.0")
    assert "\nv1.0\n" in first
    shutil.rmtree(project.parent)
    shutil.rmtree(user.home / "sources", ignore_errors=True)
    again = user.call("rerun", "@", "--yes")
    assert (again.code, again.out) == (0, first), again


def test_elsewhere(user: User, project: Path, tmp_path: Path) -> None:
    change(project)
    first = run(user, str(project))
    bundle = export(user)
    shutil.rmtree(project.parent)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    kind = Machine if can_leave_the_network() else User
    other = kind(folder, folder / "home")
    assert other.call("import", str(bundle)).code == 0
    again = other.call("rerun", "@", "--yes")
    assert (again.code, again.out) == (0, first), again
    assert other.call("rerun", "@", "--yes").out == first
    assert other.call("verify", "@", "--yes").code == 0
    # What was committed in the place of a change is there again, too; also after a repetition of a repetition.
    for each in other.runs()[:2]:
        code = other.home / "runs" / each["id"] / "code"
        assert "-x = 2\n+x = 3" in git(code, "diff", "HEAD")
        git(code, "stash", "--quiet")
        assert (code / "shared.py").read_text() == "x = 2\n"


def test_kept_from_network_and_disk(user: User, project: Path) -> None:
    change(project)
    (project / "about.py").write_text(ABOUT.replace('open("about.txt"', "open(__import__('os').devnull"))
    said = user.call("run", "--quiet", "--env-manager", "system", "--no-network", "--read-only", str(project))
    if said.code == 69:
        pytest.skip(said.err)
    assert said.code == 0, said
    again = user.call("rerun", "@")
    assert (again.code, again.out) == (0, said.out), again


def test_outside_of_a_repository_it_is_as_it_was(user: User) -> None:
    project = write_project(user.folder / "plain", "entry_points: {main: {command: git rev-parse HEAD}}\n")
    assert user.run(str(project)).code == 128
    assert user.call("rerun", "@").code == 128
    assert not list(user.home.rglob(".git"))


def test_why_asks_in_every_trial(user: User, project: Path) -> None:
    """Each trial is at the commit of a run, its files as they are changed for it."""
    text = "import subprocess\nsubprocess.run(['git', 'rev-parse', 'HEAD'], check=True)\n"
    text += "# 1\n# 2\n# 3\nx = 1\n# 4\n# 5\n# 6\ny = 1\nopen('about.txt', 'w').write(str(x))\n"
    (project / "about.py").write_text(text)
    run(user, str(project))
    (project / "about.py").write_text(text.replace("x = 1", "x = 2").replace("y = 1", "y = 2"))
    run(user, str(project))
    said = user.call("why", "@~1", "@")
    assert said.code == 0, said
    assert "+x = 2" in said.out
    assert "+y = 2" not in said.out


@pytest.fixture
def engine() -> Engine:
    """The engine that answers; without one the test is skipped."""
    return get_engine()


def test_in_a_container(user: User, project: Path, engine: Engine) -> None:
    """It sees the project and nothing else of this machine: what git needs is all there."""
    user.environ.update({name: os.environ[name] for name in ("DOCKER_HOST",) if name in os.environ})
    command = "cat .git/HEAD && ls .git/objects/pack && test ! -e .git/objects/info/alternates && echo ok"
    top = project.parent
    image = get_base_image(engine)
    write_project(top, f"docker_env: {{image: '{image}'}}\nentry_points: {{main: {{command: '{command}'}}}}\n")
    commit(top, {})
    change(project)
    assert user.call("run", "--quiet", str(top)).code == 0
    said = user.call("rerun", "@")
    assert said.code == 0, said
    assert said.out.startswith("ref: refs/heads/main\n")
    assert said.out.endswith(".pack\nok\n")
    code = user.home / "runs" / user.runs()[0]["id"] / "code"
    (user.home / "objects").rename(user.home / "away")
    assert git(code, "diff", "HEAD", "--name-only") == "shared.py"
    assert "-x = 2\n+x = 3" in git(code, "diff", "HEAD")
