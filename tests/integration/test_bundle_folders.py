"""Folders of data go along in a bundle: those recorded as one line, and those that were too much to be code."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from reenact.codec import encode
from reenact.data.inputs import Answer, Limits, record_inputs
from reenact.data.places import Site
from reenact.home import Home
from reenact.records.files import read_plan
from reenact.report import Silence
from reenact.run_folder import RunFolder
from reenact.world import World
from tests.integration.command import User, write_project
from tests.integration.test_bundles import export
from tests.sources.repositories import git

LIST = """\
import os, sys
for root in sys.argv[1:]:
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            content = open(path, 'rb').read()
            print(os.path.relpath(path, root), len(content), content[:4])
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> User:
    """Somebody with another home."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return User(folder, folder / "home", REENACT_SIZE_LIMIT="2000")


@pytest.fixture
def heavy(user: User) -> Path:
    """A project with a folder of data that is too much to be code, and in it files and a folder that git ignores, a
    file under version control, a link."""
    user.environ["REENACT_SIZE_LIMIT"] = "2000"
    command = "python list.py data > out.txt"
    project = write_project(
        user.folder / "heavy",
        f"name: heavy\nentry_points:\n  main:\n    command: {command}\n    outputs: [out.txt]\n",
        list__py=LIST,
    )
    fill(project / "data", {f"{number % 3}/{number}": b"x" * 1900 for number in range(30)})
    fill(project / "data", {"0/other\nline": b"y" * 1900, "a.tmp": b"tmp", "cache/b": b"cached", "notes": b"kept"})
    (project / "data/0/last").symlink_to("27")
    (project / ".gitignore").write_text("*.tmp\ncache/\nout.txt\n")
    git(project, "init", "--quiet")
    git(project, "add", "MLproject", "list.py", ".gitignore", "data/notes")
    git(project, "commit", "--quiet", "--message", "one")
    return project


def fill(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def find_run(user: User) -> RunFolder:
    return RunFolder(user.home / "runs" / user.runs()[0]["id"])


def summarise(user: User, limits: Limits) -> None:
    """Have the inputs of the newest run recorded as those of very many files are."""
    folder = find_run(user)
    plan = read_plan(folder)
    world = World(Home(user.home), user.environ, user.folder, Silence())
    site = Site(Path(str(plan.source.root)), folder.path, user.home)
    folder.input_files.write_bytes(encode(record_inputs(plan, site, world, lambda _: Answer(), limits)))


def test_a_folder_that_is_no_code_comes_along(user: User, heavy: Path, elsewhere: User) -> None:
    assert user.run(str(heavy)).code == 0
    wanted = (find_run(user).outputs / "out.txt").read_text()
    assert wanted.count("\n") == 36
    said = user.call("export", "@", "-o", "run.tar.zst", "--with-inputs")
    assert said.code == 0, said.err
    assert "warning" not in said.err
    assert "what git ignores in it: data/a.tmp, data/cache/" in said.err
    bundle = user.folder / "run.tar.zst"
    data = bundle.read_bytes()
    assert user.call("rerun", "@").code == 0
    assert (find_run(user).outputs / "out.txt").read_text() == wanted, "here they are where they were"
    shutil.rmtree(heavy)
    assert elsewhere.call("import", str(bundle)).code == 0
    for _ in range(2):
        said = elsewhere.call("rerun", "@")
        assert said.code == 0, said.err
        assert (find_run(elsewhere).outputs / "out.txt").read_text() == wanted
    said = elsewhere.call("verify", "@~2")
    assert (said.code, said.out.split()[0]) == (0, "PASS"), said
    first = elsewhere.runs()[-1]["id"]
    assert export(elsewhere, "--with-inputs").read_bytes() != data, "another run"
    assert elsewhere.call("export", first, "-o", "again.tar.zst", "--with-inputs").code == 0
    assert (elsewhere.folder / "again.tar.zst").read_bytes() == data


def test_what_a_command_writes_beside_its_data_stays_out_of_it(user: User, heavy: Path, elsewhere: User) -> None:
    text = (heavy / "MLproject").read_text()
    (heavy / "MLproject").write_text(text.replace("python list.py data >", "echo new > data/0/new; ls data/0 >"))
    assert user.run(str(heavy)).code == 0
    (heavy / "data/0/new").unlink()
    bundle = export(user, "--with-inputs")
    assert elsewhere.call("import", str(bundle)).code == 0
    first = find_run(elsewhere)
    before = sorted(os.listdir(next(first.kept_inputs.glob("*/data")) / "0"))
    assert elsewhere.call("rerun", "@").code == 0
    assert sorted(os.listdir(next(first.kept_inputs.glob("*/data")) / "0")) == before


def test_a_folder_that_has_changed_does_not_go_along(user: User, heavy: Path, elsewhere: User) -> None:
    assert user.run(str(heavy)).code == 0
    (heavy / "data/1/7").write_bytes(b"z" * 1900)
    said = user.call("export", "@", "-o", "run.tar.zst", "--with-inputs")
    assert said.code == 0
    assert "not in the bundle: data/, which is not what it was" in said.err
    shutil.rmtree(heavy)
    assert elsewhere.call("import", str(user.folder / "run.tar.zst")).code == 0
    said = elsewhere.call("rerun", "@")
    assert said.code == 68
    assert "data/ (large" in said.err


def test_what_was_missing_comes_with_a_second_bundle(user: User, heavy: Path, elsewhere: User) -> None:
    assert user.run(str(heavy)).code == 0
    moved = (heavy / "data/1/7").rename(heavy / "away")
    assert elsewhere.call("import", str(export(user, "--with-inputs"))).code == 0
    assert elsewhere.call("rerun", "@").code == 68
    moved.rename(heavy / "data/1/7")
    assert elsewhere.call("import", str(export(user, "--with-inputs"))).code == 0
    shutil.rmtree(heavy)
    assert elsewhere.call("rerun", "@").code == 0


def test_a_folder_in_a_folder_of_data(user: User, elsewhere: User) -> None:
    """The heaviest goes first, and then what is around it, too."""
    user.environ["REENACT_SIZE_LIMIT"] = "2000"
    project = write_project(
        user.folder / "deep",
        "name: deep\nentry_points:\n  main:\n    command: python list.py data\n",
        list__py=LIST,
    )
    fill(project / "data", {f"most/{number}": b"x" * 1900 for number in range(60)})
    fill(project / "data", {f"{part}/{number}": b"y" * 1900 for number in range(9) for part in "abc"})
    said = user.run(str(project))
    assert "data/most/ is not kept" in said.err
    assert "data/ is not kept" in said.err
    assert said.out.count("\n") == 87
    assert user.call("rerun", "@").out == said.out
    bundle = export(user, "--with-inputs")
    shutil.rmtree(project)
    assert elsewhere.call("import", str(bundle)).code == 0
    assert elsewhere.call("rerun", "@").out == said.out


def test_what_is_ignored_and_may_be_a_secret_stays(user: User, heavy: Path) -> None:
    (heavy / ".gitignore").write_text("*.tmp\ncache/\nout.txt\n.env*\n")
    fill(heavy / "data", {".env": b"TOKEN=1", "cache/.env.local": b"TOKEN=2"})
    assert user.run(str(heavy)).code == 0
    said = user.call("export", "@", "-o", "run.tar.zst", "--with-inputs")
    assert said.code == 0
    assert "data/.env, which git ignores: it may hold a secret" in said.err
    assert "data/cache/, which git ignores: it may hold a secret" in said.err
    assert "what git ignores in it: data/a.tmp\n" in said.err


@pytest.fixture
def declared(user: User, tmp_path: Path) -> Path:
    """A project that declares a folder that git ignores, and has a parameter that leads to another."""
    command = "python list.py data {far} | tee out.txt"
    project = write_project(
        user.folder / "declared",
        "name: declared\nentry_points:\n  main:\n    parameters: {far: path}\n    inputs: [data]\n"
        f"    outputs: [out.txt]\n    command: {command}\n",
        list__py=LIST,
    )
    (project / ".gitignore").write_text("data/\n")
    git(project, "init", "--quiet")
    fill(project / "data", {"a/one": b"1", "a/two": b"2", "b": b"1", "c\nd": b"3"})
    fill(tmp_path / "far", {"x/y": b"1", "z": b"4"})
    return project


def test_a_folder_of_very_many_files_comes_along(user: User, declared: Path, tmp_path: Path, elsewhere: User) -> None:
    assert user.run(str(declared), "-P", f"far={tmp_path}/far").code == 0
    summarise(user, Limits(each=1))
    recorded = json.loads(find_run(user).input_files.read_text())
    assert [(each["path"], each["files"]) for each in recorded] == [("data/", 4), (f"{tmp_path}/far/", 2)]
    wanted = user.call("logs").out
    bundle = export(user, "--with-inputs")
    data = bundle.read_bytes()
    assert user.call("rerun", "@").out == wanted, "here they are where they were"
    for gone in (declared, tmp_path / "far"):
        shutil.rmtree(gone)
    assert elsewhere.call("import", str(bundle)).code == 0
    said = elsewhere.call("verify", "@")
    assert (said.code, said.out.split()[0]) == (0, "PASS"), said
    said = elsewhere.call("rerun", "@~1")
    assert (said.code, said.out) == (0, wanted), said.err
    assert elsewhere.call("export", "@~2", "-o", "again.tar.zst", "--with-inputs").code == 0
    assert (elsewhere.folder / "again.tar.zst").read_bytes() == data


def test_a_folder_that_a_parameter_leads_to_comes_along(
    user: User, declared: Path, tmp_path: Path, elsewhere: User
) -> None:
    assert user.run(str(declared), "-P", f"far={tmp_path}/far").code == 0
    wanted = user.call("logs").out
    bundle = export(user, "--with-inputs")
    shutil.rmtree(declared)
    (tmp_path / "far/z").write_text("what another machine has there")
    assert elsewhere.call("import", str(bundle)).code == 0
    said = elsewhere.call("verify", "@")
    assert (said.code, said.out.split()[0]) == (0, "PASS"), said
    for _ in range(2):
        said = elsewhere.call("rerun", "@")
        assert (said.code, said.out) == (0, wanted), said.err


def test_without_it_the_folder_is_missed(user: User, declared: Path, tmp_path: Path, elsewhere: User) -> None:
    assert user.run(str(declared), "-P", f"far={tmp_path}/far").code == 0
    summarise(user, Limits(each=1))
    bundle = export(user)
    (declared / "data/b").write_text("changed")
    said = user.call("export", "@", "-o", "other.tar.zst", "--with-inputs")
    assert "not in the bundle: the input data/, which is not what it was" in said.err
    for gone in (declared, tmp_path / "far"):
        shutil.rmtree(gone)
    assert elsewhere.call("import", str(bundle)).code == 0
    said = elsewhere.call("rerun", "@")
    assert said.code == 68
    assert "the input data/ is gone" in said.err
    assert f"the input {tmp_path}/far/ is gone" in said.err


def test_a_file_that_could_not_be_read_is_told(user: User, declared: Path, tmp_path: Path, elsewhere: User) -> None:
    (declared / "data/dead").symlink_to("nowhere")
    (declared / "list.py").write_text("import os\nprint(sorted(os.listdir('data')))\n")
    assert user.run(str(declared), "-P", f"far={tmp_path}/far").code == 0
    summarise(user, Limits(each=3))
    said = user.call("export", "@", "-o", "run.tar.zst", "--with-inputs")
    assert "not in the bundle: data/dead, which could not be read" in said.err
    shutil.rmtree(declared)
    assert elsewhere.call("import", str(user.folder / "run.tar.zst")).code == 0
    assert elsewhere.call("rerun", "@").out == "['a', 'b', 'c\\nd']\n"


@pytest.mark.slow
def test_more_than_ten_thousand_files(user: User, declared: Path, tmp_path: Path, elsewhere: User) -> None:
    fill(declared / "data", {f"many/{number % 100}/{number}": b"%d" % (number % 7) for number in range(10_000)})
    assert user.run(str(declared), "-P", f"far={tmp_path}/far").code == 0
    assert [each["files"] for each in json.loads(find_run(user).input_files.read_text())] == [10_004, 1, 1]
    wanted = user.call("logs").out
    bundle = export(user, "--with-inputs")
    for gone in (declared, tmp_path / "far"):
        shutil.rmtree(gone)
    assert elsewhere.call("import", str(bundle)).code == 0
    said = elsewhere.call("verify", "@")
    assert (said.code, said.out.split()[0]) == (0, "PASS"), said
    said = elsewhere.call("rerun", "@")
    assert (said.code, said.out) == (0, wanted), "what was repeated can be repeated"
