"""A run leaves its machine as one file, and is run again on another: no project, no index, no cache, no network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reenact.home import Home
from reenact.records.files import read_run
from reenact.records.filter import RunFilter
from reenact.records.history import list_runs
from reenact.report import Silence
from reenact.reproduce.bundle.importing import Terms, import_bundle
from reenact.run_folder import RunFolder
from reenact.runs import State
from reenact.world import World
from tests.integration.command import PATIENCE, REENACT, Said, User, write_project
from tests.integration.servers import Index
from tests.sources.repositories import commit, git

BACKEND = """
import base64, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "mine-1.0-py3-none-any.whl"
    info = "mine-1.0.dist-info"
    files = {
        "mine.py": open("mine.py").read(),
        f"{info}/METADATA": "Metadata-Version: 2.1\\nName: mine\\nVersion: 1.0\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{each},,\\n" for each in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(f"{folder}/{name}", "w") as archive:
        for each, text in files.items():
            archive.writestr(zipfile.ZipInfo(each), text)
    return name
"""

SCRIPT = """
import os, pathlib, mine, needy, tiny
words = [tiny.version, needy.version, mine.word, pathlib.Path("data/words.txt").read_text().strip()]
artifacts = pathlib.Path(os.environ["REENACT_RUN_DIR"], "artifacts")
(artifacts / "words.txt").write_text(" ".join(words))
pathlib.Path("out.json").write_text('{"score": 0.5}')
print(*words)
"""

PROJECT = """
name: travels
python_env: python_env.yaml
entry_points:
  main:
    command: python main.py
    inputs: [data/words.txt]
    outputs: [out.json]
"""


def can_leave_the_network() -> bool:
    return (
        shutil.which("unshare") is not None and subprocess.run(["unshare", "-n", "true"], check=False).returncode == 0
    )


class Machine(User):
    """Somebody with another home, caches that are empty, and no network."""

    def call(self, *argv: str, **more: object) -> Said:
        done = subprocess.run(
            ["unshare", "-n", REENACT, *argv],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def project(user: User, index: Index) -> Path:
    """Packages from an index, code of its own that is installed, data that git does not have."""
    user.environ["UV_CACHE_DIR"] = str(user.folder / "uv-cache")
    folder = write_project(
        user.folder / "travels",
        PROJECT,
        python_env__yaml=f"dependencies:\n  - --index-url {index.url}\n  - needy\n  - ./mine\n",
        main__py=SCRIPT,
    )
    (folder / ".gitignore").write_text("data/\n")
    for name, text in {
        "mine/mine.py": "word = 'mine'\n",
        "mine/backend.py": BACKEND,
        "mine/pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
        "[project]\nname = 'mine'\nversion = '1.0'\n",
        "data/words.txt": "data\n",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Machine:
    """Another machine."""
    if not can_leave_the_network():
        pytest.skip("a network of its own can be made by root only, with unshare")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return Machine(folder, folder / "home", UV_CACHE_DIR=str(folder / "uv-cache"), UV_HTTP_RETRIES="0")


def export(user: User, *argv: str) -> Path:
    said = user.call("export", "@", "-o", "run.tar.zst", *argv)
    assert said.code == 0, said.err
    return user.folder / "run.tar.zst"


def run(user: User, project: Path) -> str:
    assert user.call("run", str(project)).code == 0
    return str(user.runs()[0]["id"])


def test_a_run_goes_to_a_machine_without_network(user: User, project: Path, index: Index, elsewhere: Machine) -> None:
    first = run(user, project)
    artifact = RunFolder(user.home / "runs" / first).artifacts / "words.txt"
    wanted = artifact.read_text()
    bundle = export(user, "--with-packages", "--with-inputs", "--with-outputs")
    for gone in (project, user.home, user.folder / "uv-cache", index.folder):
        shutil.rmtree(gone)
    said = elsewhere.call("import", str(bundle))
    assert (said.code, said.out) == (0, f"{first}\n"), said.err
    said = elsewhere.call("rerun", first)
    assert (said.code, said.out) == (0, "1.0 1.0 mine data\n"), said.err
    second, imported = elsewhere.runs()
    assert second["id"] != first
    assert imported["id"] == first
    assert second["state"] == "finished"
    runs = elsewhere.home / "runs"
    assert (RunFolder(runs / second["id"]).artifacts / "words.txt").read_text() == wanted
    assert (RunFolder(runs / first).artifacts / "words.txt").read_text() == wanted
    assert json.loads((RunFolder(runs / first).outputs / "out.json").read_text()) == {"score": 0.5}
    # What was repeated can be repeated.
    said = elsewhere.call("rerun", "@")
    assert (said.code, said.out) == (0, "1.0 1.0 mine data\n"), said.err
    said = elsewhere.call("verify", first)
    assert said.code == 0, said
    assert "PASS" in said.out
    assert "out.json" in said.out


def test_what_was_imported_is_exported_as_it_came(user: User, project: Path, elsewhere: Machine) -> None:
    first = run(user, project)
    everything = ("--with-packages", "--with-inputs", "--with-outputs")
    bundle = export(user, *everything)
    data = bundle.read_bytes()
    assert export(user, *everything).read_bytes() == data
    assert elsewhere.call("import", str(bundle)).code == 0
    said = elsewhere.call("export", first, "-o", "again.tar.zst", *everything)
    assert said.code == 0, said.err
    assert (elsewhere.folder / "again.tar.zst").read_bytes() == data


def test_how_the_code_differs_from_its_commit_comes_along(user: User, tmp_path: Path, elsewhere: Machine) -> None:
    folder = write_project(tmp_path / "plain", "entry_points: {main: {command: cat x.txt}}\n", x__txt="one\n")
    git(folder, "init", "--quiet")
    commit(folder, {})
    (folder / "x.txt").write_text("two\n")
    assert user.run(str(folder)).code == 0
    patch = user.call("show", "--patch").out
    assert "-one\n+two\n" in patch
    bundle = export(user)
    assert elsewhere.call("import", str(bundle)).code == 0
    assert elsewhere.call("show", "--patch").out == patch
    assert elsewhere.call("rerun", "@").code == 0
    assert elsewhere.call("show", "--patch").out == patch, "that of a repetition, too"
    export(elsewhere)
    assert user.call("import", str(bundle)).code == 0, "it is here already, and the same"


def test_without_its_packages_it_needs_an_index(user: User, project: Path, elsewhere: Machine) -> None:
    first = run(user, project)
    bundle = export(user)
    assert elsewhere.call("import", str(bundle)).code == 0
    away = project.rename(user.folder / "away")
    said = elsewhere.call("rerun", first)
    assert said.code == 68
    assert "data/words.txt" in said.err
    away.rename(project)
    bundle = export(user, "--with-inputs")
    project.rename(away)
    assert elsewhere.call("import", str(bundle)).code == 0
    said = elsewhere.call("rerun", first)
    assert said.code == 70
    assert "cannot be reached" in said.err
    away.rename(project)
    bundle = export(user, "--with-inputs", "--with-packages")
    project.rename(away)
    said = elsewhere.call("import", str(bundle))
    assert "is here already" in said.err
    assert elsewhere.call("rerun", first).code == 0


def test_all_packages_that_cannot_be_had_are_told_at_once(user: User, project: Path, index: Index) -> None:
    run(user, project)
    for wheel in index.folder.iterdir():
        wheel.unlink()
    said = user.call("export", "@", "-o", "run.tar.zst", "--with-packages")
    assert said.code == 70
    assert "2 of the packages cannot be had" in said.err
    assert "needy 1.0" in said.err
    assert "tiny 1.0" in said.err
    assert not (user.folder / "run.tar.zst").exists()


def test_an_absolute_input_comes_along_under_its_name(user: User, elsewhere: Machine) -> None:
    data = user.folder / "far" / "data.csv"
    data.parent.mkdir()
    data.write_text("a,b\n1,2\n")
    project = write_project(
        user.folder / "reads",
        "name: reads\nentry_points:\n  main:\n    parameters: {data: path}\n    command: cat {data}; basename {data}\n",
    )
    assert user.run(str(project), "-P", f"data={data}").code == 0
    bundle = export(user, "--with-inputs")
    shutil.rmtree(data.parent)
    shutil.rmtree(project)
    assert elsewhere.call("import", str(bundle)).code == 0
    said = elsewhere.call("rerun", "@")
    assert (said.code, said.out) == (0, "a,b\n1,2\ndata.csv\n"), said.err


KILL = """
import os, signal, sys
from reenact.cli import main
from reenact.reproduce.bundle import exporting, importing
_, patience, *argv = sys.argv
EVENTS = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.symlink", "subprocess.Popen",
          "os.posix_spawn", "shutil.rmtree", "sqlite3.connect", "fcntl.flock"}

def count(event, arguments):
    global left
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if event in EVENTS or writes:
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

for line in iter(sys.stdin.readline, ""):
    left = int(line)
    child = os.fork()
    if child == 0:
        signal.alarm(int(patience))
        os.dup2(2, 1)
        sys.addaudithook(count)
        sys.exit(main(argv))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@contextmanager
def killing(user: User, *argv: str) -> Iterator[Callable[[int], int]]:
    """What gives the command, killed at the step after so many, a process of its own each time; it returns its code."""
    words = [sys.executable, "-c", KILL, str(int(PATIENCE)), *argv]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=user.folder, env=user.environ, text=True, stdin=pipe, stdout=pipe) as forking:
        asked, answers = forking.stdin, forking.stdout
        assert asked
        assert answers

        def call(after: int) -> int:
            print(after, file=asked, flush=True)
            return int(answers.readline())

        yield call


WITH = ("--with-inputs", "--with-outputs")


@pytest.fixture
def small(user: User) -> str:
    """A run of a small project without an environment, that leaves something, and reads what is too much to be code."""
    user.environ["REENACT_SIZE_LIMIT"] = "100"
    leave = "cat a.txt > $HERE/b; ln -s b $HERE/c; cat data/*".replace("$HERE", "$REENACT_RUN_DIR/artifacts")
    project = write_project(user.folder / "small", "", a__txt="hello\n")
    (project / "MLproject").write_text(f"name: s\nentry_points:\n  main: {{command: '{leave}'}}\n")
    (project / "data").mkdir()
    for number in range(24):
        (project / "data" / str(number)).write_text(str(number % 2) * 90)
    assert user.run(str(project)).code == 0
    return str(user.runs()[0]["id"])


@pytest.mark.slow
def test_an_export_that_is_killed_leaves_no_bundle(user: User, small: str) -> None:
    whole = export(user, *WITH).read_bytes()
    target = user.folder / "killed.tar.zst"
    with killing(user, "export", small, *WITH, "-o", target.name) as call:
        for after in range(1000):
            code = call(after)
            if code == 0:
                break
            assert code == -9
            assert not target.exists() or target.read_bytes() == whole
    assert after > 10
    assert target.read_bytes() == whole


@pytest.mark.slow
def test_an_import_that_is_killed_leaves_no_run_or_all_of_it(user: User, small: str, tmp_path: Path) -> None:
    bundle = export(user, *WITH)
    other = User(tmp_path, tmp_path / "home")
    world = World(Home(other.home), other.environ, tmp_path, Silence())
    folder = RunFolder(other.home / "runs" / small)
    seen = set()
    with killing(other, "import", str(bundle)) as call:
        for after in range(1000):
            shutil.rmtree(other.home, ignore_errors=True)
            code = call(after)
            listed = [run.id for run in list_runs(RunFilter(), None, world)]
            seen.add(tuple(listed))
            received = import_bundle(bundle, Terms(), world)
            assert (received.run, received.known) == (small, bool(listed)), after
            assert (folder.artifacts / "c").read_text() == "hello\n"
            assert len(list(folder.kept_inputs.glob("*/data/*"))) == 24
            assert read_run(folder).state is State.FINISHED
            if code == 0:
                break
            assert code == -9
    assert after > 20
    assert seen == {(), (small,)}
    assert other.call("rerun", small).out == "".join(str(int(name) % 2) * 90 for name in sorted(map(str, range(24))))


def test_what_a_killed_import_left_is_swept(user: User, small: str, tmp_path: Path) -> None:
    bundle = export(user)
    other = User(tmp_path, tmp_path / "home")
    with killing(other, "import", str(bundle)) as call:
        assert call(12) == -9
    assert os.listdir(other.home / "staging")
    assert other.call("env", "gc").code == 0
    assert os.listdir(other.home / "staging") == []


def test_two_at_once_import_it_once(user: User, small: str, tmp_path: Path) -> None:
    bundle = export(user, *WITH)
    other = User(tmp_path, tmp_path / "home")
    words = [REENACT, "import", str(bundle)]
    several = [subprocess.Popen(words, env=other.environ, cwd=tmp_path, stdout=subprocess.PIPE) for _ in range(4)]
    assert [(each.communicate()[0].decode(), each.returncode) for each in several] == [(f"{small}\n", 0)] * 4
    assert [each["id"] for each in other.runs()] == [small]
