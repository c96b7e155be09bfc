"""The files of a source as they are, in and out of the store."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reenact.codec import encode
from reenact.errors import RecordError
from reenact.home import Home
from reenact.records.types import Code, LeftOut, Nested
from reenact.sources.capture import capture_in_place
from reenact.sources.capture.memo import find_memo
from reenact.sources.capture.store import open_store
from reenact.sources.capture.sweep import sweep_code
from reenact.world import World
from tests.sources.repositories import commit, git, make_repository, make_world, told, write

Files = dict[str, tuple[int, bytes]]


def capture(root: Path, world: World) -> Code:
    code = capture_in_place(root, world).code
    assert code is not None
    return code


def settle(root: Path, world: World) -> Code:
    """Capture until it is remembered."""
    while True:
        code = capture(root, world)
        if find_memo(root.resolve(), world).find_known() is not None:
            return code


def restored(code: Code, tmp_path: Path, world: World) -> Path:
    target = tmp_path / f"restored-{os.urandom(4).hex()}"
    open_store(world).restore(code, target)
    return target


def read(folder: Path) -> Files:
    """Every file by path: its mode and its content, for a link its target."""
    found: Files = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if ".git" in Path(name).parts or (path.is_dir() and not path.is_symlink()):
            continue
        if path.is_symlink():
            found[name] = (stat.S_IFLNK, os.fsencode(os.readlink(path)))
        else:
            found[name] = (path.stat().st_mode & 0o100, path.read_bytes())
    return found


def diff(code: Code, world: World) -> str:
    return open_store(world).render_diff(code.base or "", code.tree).decode()


def test_a_work_tree_comes_back_as_it_is_and_not_as_it_was_committed(work: Path, tmp_path: Path, world: World) -> None:
    commit(work, {"gone.py": "gone\n", "run.sh": "#!/bin/sh\n", "kept/deep/x.py": "x\n"})
    (work / "train.py").write_text("edited\n")
    (work / "gone.py").unlink()
    (work / "run.sh").chmod(0o755)
    (work / "staged.py").write_text("staged\n")
    git(work, "add", "staged.py")
    (work / "new.bin").write_bytes(bytes(range(256)) * 40)
    (work / "link").symlink_to("train.py")
    (work / "dangling").symlink_to("/nowhere/at all")
    (work / "späß and\nmore \"'").write_text("odd\n")
    (work / os.fsdecode(b"no-utf8-\xff")).write_text("odd\n")
    before = {path: path.stat().st_mtime_ns for path in (work / ".git").rglob("*")}
    code = capture(work, world)
    assert read(restored(code, tmp_path, world)) == read(work)
    assert {path: path.stat().st_mtime_ns for path in (work / ".git").rglob("*")} == before, "the repository is theirs"
    said = diff(code, world)
    assert "-three\n+edited\n" in said
    assert "deleted file mode 100644" in said
    assert "old mode 100644\nnew mode 100755" in said
    assert "GIT binary patch" in said


def test_a_clean_tree_is_the_commits_tree(work: Path, world: World) -> None:
    code = capture(work, world)
    assert code.tree == code.base == git(work, "rev-parse", "HEAD^{tree}")


def test_the_patch_leads_from_the_commit_to_the_tree(work: Path, tmp_path: Path, world: World) -> None:
    (work / "train.py").write_text("edited\n")
    (work / "new.bin").write_bytes(b"\0\1\2" * 50)
    patch = open_store(world).render_diff(capture(work, world).base or "", capture(work, world).tree)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(work), str(clone))
    (tmp_path / "patch").write_bytes(patch)
    git(clone, "apply", str(tmp_path / "patch"))
    assert read(clone) == read(work)


def test_nothing_that_git_would_change_on_the_way_is_changed(work: Path, tmp_path: Path, world: World) -> None:
    commit(work, {".gitattributes": "*.txt text eol=lf\n*.id ident\n*.up filter=up\n"})
    git(work, "config", "filter.up.clean", "tr a-z A-Z")
    git(work, "config", "filter.up.smudge", "tr A-Z a-z")
    git(work, "config", "core.autocrlf", "true")
    (work / "windows.txt").write_bytes(b"one\r\ntwo\r\n")
    (work / "x.id").write_bytes(b"$Id$\n")
    (work / "x.up").write_bytes(b"lower\n")
    assert read(restored(capture(work, world), tmp_path, world)) == read(work)


def test_what_is_not_kept_is_listed(work: Path, world: World) -> None:
    commit(work, {".gitignore": "*.log\nout/\n.venv/\n"})
    write(work, {"a.log": "log", "out/1": "one", "out/deep/2": "two", ".venv/bin/python": "", "mlruns/0/meta": "x"})
    (work / "large.bin").write_bytes(b"x" * 2001)
    code = capture(work, world._replace(environ={**world.environ, "REENACT_SIZE_LIMIT": "2000"}))
    by_path = {each.path: each for each in code.left_out}
    assert by_path["a.log"] == LeftOut("a.log", "ignored", 3, blake3(b"log").hexdigest())
    assert by_path["large.bin"] == LeftOut("large.bin", "large", 2001, blake3(b"x" * 2001).hexdigest())
    assert by_path["out/"]._replace(digest=None) == LeftOut("out/", "ignored", 6, None, 2)
    assert by_path[".venv/"] == LeftOut(".venv/", "tools", None, None, None)
    assert by_path["mlruns/"].why == "tools"
    assert set(by_path) == {"a.log", "large.bin", "out/", ".venv/", "mlruns/"}
    (work / "out" / "1").write_text("eins")
    changed = {each.path: each for each in capture(work, world).left_out}
    assert changed["out/"].digest != by_path["out/"].digest
    assert "large.bin" not in changed


def test_the_ignore_file_of_ours_counts_for_what_is_tracked_too(work: Path, tmp_path: Path, world: World) -> None:
    commit(work, {"data/big.csv": "1,2\n", "data/small.csv": "1\n"})
    write(work, {".reenactignore": "data/big.csv\n*.tmp\n", "x.tmp": "tmp\n"})
    code = capture(work, world)
    assert {each.path: each.why for each in code.left_out} == {"data/big.csv": "ignored", "x.tmp": "ignored"}
    assert "data/small.csv" in read(restored(code, tmp_path, world))


def test_what_is_tracked_is_kept_wherever_it_is(work: Path, tmp_path: Path, world: World) -> None:
    commit(work, {"wandb/settings": "a\n", "sub/venv/x.py": "b\n"})
    write(work, {"wandb/run-1/log": "c\n"})
    code = capture(work, world)
    assert {"wandb/settings", "sub/venv/x.py"} <= set(read(restored(code, tmp_path, world)))


def test_submodules_and_other_repositories_inside(work: Path, tmp_path: Path, world: World) -> None:
    inner = make_repository(tmp_path / "inner")
    git(work, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "libs/inner")
    commit(work, {}, "submodule")
    (work / "libs/inner/train.py").write_text("edited inside\n")
    (work / "libs/inner/new.py").write_text("new inside\n")
    loose = make_repository(work / "loose")
    (loose / "train.py").write_text("edited too\n")
    code = capture(work, world)
    came = restored(code, tmp_path, world)
    assert read(came) == read(work)
    assert (came / "libs/inner/train.py").read_text() == "edited inside\n"
    heads = {path: git(work / path, "rev-parse", "HEAD") for path in ("libs/inner", "loose")}
    assert sorted(code.nested) == [Nested(path, head) for path, head in sorted(heads.items())]
    assert "edited inside" in diff(code, world)


def test_a_part_of_a_repository_is_captured_with_the_whole(work: Path, tmp_path: Path, world: World) -> None:
    (work / "train.py").write_text("used by its neighbour\n")
    code = capture(work / "nested" / "v1.0", world)
    assert code.prefix == "nested/v1.0"
    assert read(restored(code, tmp_path, world)) == read(work)


def test_a_folder_that_a_repository_does_not_know_is_captured_alone(work: Path, world: World) -> None:
    write(work, {"scratch/train.py": "x\n"})
    assert capture(work / "scratch", world).prefix == ""


def test_outside_of_git(tmp_path: Path, world: World) -> None:
    folder = tmp_path / "plain"
    write(folder, {"train.py": "x\n", ".gitignore": "out\n", "out": "y\n", "lib/a.py": "a\n"})
    (folder / "empty" / "inner").mkdir(parents=True)
    code = capture(folder, world)
    came = restored(code, tmp_path, world)
    assert set(read(came)) == {"train.py", ".gitignore", "lib/a.py"}
    assert (came / "empty" / "inner").is_dir()
    assert (code.base, [each.path for each in code.left_out]) == (None, ["out"])


def test_an_empty_folder(tmp_path: Path, world: World) -> None:
    (tmp_path / "none").mkdir()
    code = capture(tmp_path / "none", world)
    assert restored(code, tmp_path, world).is_dir()


def test_our_own_home_inside_the_project_is_no_code(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    write(folder, {"train.py": "x\n"})
    world = make_world(tmp_path, Home(folder / ".home"))
    capture(folder, world)
    first = capture(folder, world)
    assert set(read(restored(first, tmp_path, world))) == {"train.py"}
    assert capture(folder, world).tree == first.tree


def test_an_unchanged_tree_is_told_without_git(work: Path, world: World) -> None:
    write(work, {"beside.py": "x\n"})
    first = settle(work, world)
    without = world._replace(environ={**world.environ, "PATH": "/nowhere"})
    again = capture_in_place(work, without)
    assert (again.code, again.facts.dirty) == (first, True)
    assert again.facts.commit == git(work, "rev-parse", "HEAD")
    assert told(without) == []


@pytest.mark.parametrize(
    "change", ["edit", "same size", "mode", "new", "delete", "rename", "link", "folder", "ignored"]
)
def test_whatever_changes_is_seen(change: str, work: Path, tmp_path: Path, world: World) -> None:
    commit(work, {".gitignore": "out/\n", "x.py": "x\n"})
    write(work, {"out/a": "a\n"})
    first = settle(work, world)
    file = work / "train.py"
    if change == "edit":
        file.write_text("something longer\n")
    elif change == "same size":
        file.write_bytes(b"eerht\n")
    elif change == "mode":
        file.chmod(0o755)
    elif change == "new":
        (work / "module.py").touch()
    elif change == "delete":
        file.unlink()
    elif change == "rename":
        file.rename(work / "other.py")
    elif change == "link":
        file.unlink()
        file.symlink_to("x.py")
    elif change == "folder":
        (work / "empty").mkdir()
    else:
        (work / "out" / "a").write_text("b\n")
    second = capture(work, world)
    assert second != first
    came = read(restored(second, tmp_path, world))
    assert {path: each for path, each in read(work).items() if not path.startswith("out/")} == came


@pytest.mark.parametrize("change", ["commit", "checkout", "stage", "exclude", "ignore"])
def test_what_changes_in_the_repository_alone_is_seen(change: str, work: Path, world: World) -> None:
    write(work, {"beside.py": "x\n", "other.py": "y\n"})
    git(work, "add", "other.py")
    first = settle(work, world)
    facts = capture_in_place(work, world).facts
    if change == "commit":
        git(work, "commit", "--quiet", "--message", "other")
    elif change == "checkout":
        git(work, "checkout", "--quiet", "-b", "elsewhere")
    elif change == "stage":
        git(work, "add", "beside.py")
    elif change == "exclude":
        (work / ".git/info/exclude").write_text("beside.py\n")
    else:
        (world.cwd / "git").mkdir()
        (world.cwd / "git/ignore").write_text("beside.py\n")
    again = capture_in_place(work, world)
    if change in ("exclude", "ignore"):
        assert again.code != first
    elif change == "stage":
        assert again.code == first._replace(base=again.code.base if again.code else None)
    else:
        assert again.facts != facts


def test_a_file_that_is_written_at_this_moment_is_read_again(work: Path, world: World) -> None:
    for number in range(20):
        (work / "train.py").write_text(f"{number:06}\n")
        tree = capture(work, world).tree
        blob = open_store(world).list_tree(tree)["train.py"].oid
        assert open_store(world).git.run("cat-file", "blob", blob).output == f"{number:06}\n"


def test_without_git_it_is_said_and_nothing_is_kept(tmp_path: Path, home: Home) -> None:
    world = make_world(tmp_path, home, PATH="/nowhere")
    assert capture_in_place(tmp_path, world).code is None
    assert [kind for kind, _ in told(world)] == ["warn"]


def test_a_repository_that_git_refuses_is_captured_as_a_folder(work: Path, tmp_path: Path, world: World) -> None:
    (work / ".git" / "HEAD").write_text("rubbish")
    assert set(read(restored(capture(work, world), tmp_path, world))) == set(read(work))


def test_a_tree_that_is_not_there_is_told(tmp_path: Path, world: World) -> None:
    with pytest.raises(RecordError, match="does not have the code"):
        open_store(world).restore(Code("1" * 40), tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def make_old(store: Path) -> None:
    """As if everything in the store had been written two days ago."""
    for path in store.rglob("*"):
        status = path.lstat()
        os.utime(path, (status.st_atime - 2 * 86400, status.st_mtime - 2 * 86400), follow_symlinks=False)


def keep_record(code: Code, home: Home) -> Path:
    folder = home.runs / os.urandom(16).hex()
    folder.mkdir(parents=True)
    (folder / "code.json").write_bytes(encode(code))
    return folder


def test_what_no_run_refers_to_is_swept_away(work: Path, tmp_path: Path, home: Home, world: World) -> None:
    (work / "train.py").write_text("kept\n")
    kept = capture(work, world)
    (work / "train.py").write_text("gone\n" * 100_000)
    gone = capture(work, world)
    (work / "train.py").write_text("new\n")
    keep_record(kept, home)
    make_old(home.objects)
    new = capture(work, world)
    assert sweep_code(world) > 0
    assert (restored(kept, tmp_path, world) / "train.py").read_text() == "kept\n"
    assert (restored(new, tmp_path, world) / "train.py").read_text() == "new\n", "it is young"
    with pytest.raises(RecordError):
        restored(gone, tmp_path, world)
    assert read(restored(capture(work, world), tmp_path, world)) == read(work)
    sweep_code(world)


def test_a_sweep_of_nothing(world: World) -> None:
    assert sweep_code(world) == 0


def test_a_record_whose_code_is_lost_does_not_stop_a_sweep(work: Path, home: Home, world: World) -> None:
    capture(work, world)
    keep_record(Code("1" * 40), home)
    (keep_record(Code("1" * 40), home) / "code.json").write_text("{")
    sweep_code(world)


LETTERS = st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["Cs"])
NAMES = st.text(LETTERS, min_size=1, max_size=8).filter(lambda name: name not in (".", "..", ".git", ".gitignore"))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(NAMES, st.binary()))
def test_any_files_come_back(files: dict[str, bytes], tmp_path: Path, world: World) -> None:
    folder = tmp_path / os.urandom(8).hex()
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    assert read(restored(capture(folder, world), tmp_path, world)) == read(folder)
