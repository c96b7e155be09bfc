"""Real runs that come out different, and what is found to be the cause."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reenact.home import Home
from tests.environments.conftest import make_wheel
from tests.integration.command import Said, User, write_project
from tests.sources.repositories import git

MAIN = """\
name: sums
entry_points:
  main:
    parameters: {n: {type: int, default: 3}, m: {type: int, default: 1}}
    command: "python train.py {n} {m}"
    metrics: [metrics.json]
"""
TRAIN = """\
import json, os, sys
import factors
n, m = map(int, sys.argv[1:])
total = n * factors.FIRST
# nothing
total += m * factors.SECOND
# nothing
total += int(os.environ.get("OMP_NUM_THREADS", "1")) * 100
json.dump({"total": total}, open("metrics.json", "w"))
"""


@pytest.fixture
def user(tmp_path: Path, home: Home) -> User:
    return User(tmp_path, home.root, OMP_NUM_THREADS="1")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    text = "FIRST = 2\n\n# one\n# two\n\nSECOND = 5\n"
    return write_project(tmp_path / "sums", MAIN, train__py=TRAIN, factors__py=text, __gitignore="metrics.json\n")


def record(user: User, project: Path, *more: str, manager: str = "system") -> str:
    # Python takes a file that was edited within the second, and is as long as it was, for what it has compiled.
    fresh = {"PYTHONDONTWRITEBYTECODE": "1"}
    said = user.call("run", "-q", "--env-manager", manager, str(project), *more, environ=fresh)
    assert said.code == 0, said.err
    found: str = user.runs()[0]["id"]
    return found


def ask(user: User, *argv: str) -> dict[str, Any]:
    said = user.call(*argv, "--json")
    found: dict[str, Any] = json.loads(said.out)
    return found


def edit(project: Path, old: str, new: str, file: str = "factors.py") -> None:
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new))


def list_names(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(unit["factor"], unit["name"]) for unit in found["units"]]


def test_a_line_among_many_changes(user: User, project: Path) -> None:
    old = record(user, project)
    edit(project, "# one", "# uno")
    edit(project, "SECOND = 5", "SECOND = 6")
    edit(project, "# nothing\n", "# something\n", "train.py")
    (project / "unused.py").write_text("x = 1\n")
    new = record(user, project, "-P", "n=3")
    found = ask(user, "why", old, new, "--yes")
    assert (found["finding"], list_names(found)) == ("explained", [("code", "factors.py:6")])
    assert "-SECOND = 5\n+SECOND = 6\n" in found["patch"]
    assert "uno" not in found["patch"]
    kept = {each["id"] for each in user.runs()}
    assert {trial["run"] for trial in found["trials"]} <= kept


def test_a_parameter_and_not_the_code(user: User, project: Path) -> None:
    old = record(user, project)
    edit(project, "# one", "# uno")
    new = record(user, project, "-P", "m=4", "-P", "n=3")
    found = ask(user, "why", old, new, "--yes")
    assert list_names(found) == [("parameters", "m")]
    assert [(each["old"], each["new"]) for each in found["changes"]] == [("1", "4")]


def test_changes_that_only_matter_together(user: User, project: Path) -> None:
    edit(project, "FIRST = 2", "FIRST = 0")
    old = record(user, project)
    edit(project, "FIRST = 0", "FIRST = 7")
    new = record(user, project, "-P", "n=10")
    found = ask(user, "why", old, new, "--yes")
    assert sorted(list_names(found)) == [("code", "factors.py:1"), ("parameters", "n")]


def test_a_variable_of_the_machine(user: User, project: Path) -> None:
    old = record(user, project)
    user.environ["OMP_NUM_THREADS"] = "4"
    new = record(user, project)
    found = ask(user, "why", old, new, "--yes")
    assert list_names(found) == [("variables", "OMP_NUM_THREADS")]


def test_a_result_that_varies_by_itself(user: User, project: Path) -> None:
    edit(project, "total = n", "total = int.from_bytes(os.urandom(6), 'big') + n", "train.py")
    old, new = record(user, project), record(user, project)
    said = user.call("why", old, new, "--yes")
    assert said.code == 1
    assert "varies by itself" in said.out


def test_the_same_is_not_looked_into(user: User, project: Path) -> None:
    old = record(user, project)
    edit(project, "# one", "# uno")
    found = ask(user, "why", old, record(user, project), "--yes")
    assert (found["finding"], found["trials"]) == ("same", [])


def test_the_plan_is_said_first(user: User, project: Path) -> None:
    old = record(user, project)
    edit(project, "SECOND = 5", "SECOND = 6")
    new = record(user, project, "-P", "n=9")
    said = user.call("why", old, new, "--dry-run")
    assert said.code == 0
    assert "code: 1 difference, code factors.py:6" in said.out
    assert "parameters: 1 difference, parameter n" in said.out
    assert "each is kept as a run" in said.out
    assert len(user.runs()) == 2


def test_a_package(user: User, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in ("first", "second", "third"):
        for version in ("1.0", "2.0"):
            make_wheel(wheels, name, version)
    for name in [name for name in user.environ if name.startswith(("PIP_", "UV_"))]:
        del user.environ[name]
    user.environ |= {"UV_FIND_LINKS": str(wheels), "UV_NO_INDEX": "1"}
    edit(project, "import factors", "import factors\nfrom importlib.metadata import version", "train.py")
    edit(project, "# nothing\n", "total += float(version('second'))\n", "train.py")
    (project / "python_env.yaml").write_text("dependencies: [first<2, second<2, third<2]\n")
    old = record(user, project, manager="uv")
    (project / "python_env.yaml").write_text("dependencies: [first, second, third]\n")
    new = record(user, project, manager="uv")
    found = ask(user, "why", old, new, "--yes")
    assert list_names(found) == [("environment", "second")]
    assert [(each["old"], each["new"]) for each in found["changes"]] == [("1.0", "2.0")]


def commit(project: Path, message: str) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", message)


@pytest.mark.parametrize("remote", [False, True])
def test_the_commit_that_it_came_with(user: User, project: Path, *, remote: bool) -> None:
    git(project, "init", "--quiet", "--initial-branch=main")
    edit(project, "FIRST = 2", "FIRST = 0")
    commit(project, "begin")
    version = ("-v", "main") if remote else ()
    old = record(user, project, *version)
    for number in range(6):
        edit(project, "# two\n", "# two\n# more\n")
        if number == 3:
            edit(project, "SECOND = 5", "SECOND = 6")
            edit(project, "# one", "# uno")
        commit(project, f"step {number}")
    new = record(user, project, *version)
    said = user.call("why", old, new, "--dry-run")
    assert "there are 6 commits between the two" in said.out
    found = ask(user, "why", old, new, "--yes")
    assert found["finding"] == "explained"
    assert found["commit"].endswith(" step 3")
    assert [name.partition(":")[0] for _, name in list_names(found)] == ["factors.py"]
    assert "SECOND" in found["patch"]
    assert "uno" not in found["patch"]


DATA = """\
entry_points:
  main:
    parameters: {data: path}
    command: "python count.py {data}"
    inputs: ["cache/*.txt"]
    metrics: [m.json]
"""
COUNT = "import json, sys\njson.dump({'total': len(open(sys.argv[1]).read())}, open('m.json', 'w'))\n"


@pytest.mark.parametrize("where", ["ignored", "outside"])
def test_inputs_that_nobody_kept(user: User, tmp_path: Path, where: str) -> None:
    project = write_project(tmp_path / "counts", DATA, count__py=COUNT, __gitignore="cache/\nm.json\n")
    (project / "cache").mkdir()
    data = {"ignored": project / "cache" / "a.txt", "outside": tmp_path / "a.txt"}
    for path in data.values():
        path.write_text("12345")
    old = record(user, project, "-P", f"data={data[where]}")
    data[where].write_text("123")
    new = record(user, project, "-P", f"data={data[where]}")
    said = user.call("why", old, new, "--yes")
    assert "the inputs make the difference" in said.out, said
    assert "a.txt" in said.out
    assert said.code == 0


def diff(user: User, *argv: str) -> Said:
    return user.call("diff", *argv)


def test_runs_beside_each_other(user: User, project: Path) -> None:
    old = record(user, project)
    assert diff(user, old, old, "--exit-code").code == 0
    edit(project, "SECOND = 5", "SECOND = 6")
    user.environ["OMP_NUM_THREADS"] = "2"
    new = record(user, project, "-P", "n=4")
    said = diff(user, old, new, "--exit-code")
    assert said.code == 1
    assert "-SECOND = 5\n+SECOND = 6\n" in said.out
    assert "  ~ n: 3 → 4\n" in said.out
    assert "  ~ variable OMP_NUM_THREADS: 1 → 2\n" in said.out
    assert "  ~ metric metrics.json:total: 111 → 214\n" in said.out
    assert "-SECOND" not in diff(user, old, new, "--stat").out
    parts = {part["name"]: part for part in ask(user, "diff", old, new)["parts"]}
    assert parts["inputs"]["old"] == parts["inputs"]["new"]
    assert parts["code"]["old"] != parts["code"]["new"]


def test_a_run_and_its_repetition_do_not_differ(user: User, project: Path) -> None:
    old = record(user, project)
    assert user.call("rerun", old).code == 0
    said = diff(user, old, "@", "--exit-code")
    assert said.code == 0, said.out
