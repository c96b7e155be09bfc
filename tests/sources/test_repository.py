"""The repository that restored code is put into: git says the same of the files as it did where they were captured."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.home import Home
from reenact.plan import Snapshot
from reenact.records.types import Code, Committed, Tag
from reenact.sources.capture import capture_in_place
from reenact.sources.capture.commit import MOST, apply, compare
from reenact.sources.capture.store import Entry, open_store
from reenact.sources.repository import Means, is_reference, make_repository
from reenact.world import World
from tests.sources.repositories import commit, git, write
from tests.sources.test_capture import settle


def put_back(root: Path, target: Path, world: World, *, whole: bool = False, **changes: object) -> tuple[Code, Path]:
    """What is captured of ``root``, restored at ``target`` with its repository; ``changes`` are to its snapshot."""
    captured = capture_in_place(root, world)
    assert captured.code is not None
    source = Snapshot("directory", str(root), **{**captured.facts._asdict(), **changes})
    store = open_store(world)
    store.restore(captured.code, target)
    make_repository(source, captured.code, target, Means(store, whole=whole))
    return captured.code, target


def ask(folder: Path, *words: str) -> str:
    """What git says, without a warning and with the optional locks."""
    done = subprocess.run(
        ("git", *words),
        cwd=folder,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
        capture_output=True,
    )
    assert not done.stderr, done.stderr
    return done.stdout.decode("utf-8", "surrogateescape")


def describe(folder: Path) -> list[str]:
    """The state of a work tree file by file, staged or not."""
    lines = ask(folder, "status", "--porcelain=v1", "-z", "--branch", "--untracked-files=all", "--no-renames").split(
        "\0"
    )
    # What is in the index alone is not recorded.
    return sorted(line if line[:2] in ("??", "##") else line[:2].strip()[:1] + line[2:] for line in lines)


def change_files(work: Path) -> None:
    write(work, {"train.py": "edited\n", "new/deep/x.py": "new\n", "new/y.py": "new\n", "späß \"'\n.py": "odd\n"})
    (work / "MLproject").unlink()
    (work / "nested" / "v1.0" / "train.py").chmod(0o755)
    (work / "link").symlink_to("train.py")
    (work / os.fsdecode(b"no-utf8-\xff")).write_text("odd\n")


def ignore_files(work: Path) -> None:
    commit(work, {".gitignore": "out/\n*.tmp\n", "kept.tmp/x": "x\n"})
    write(work, {"out/x.bin": "x", "a.tmp": "x"})


def convert_lines(work: Path) -> None:
    """What the commit has is not what is in the files, and git says that nothing has changed."""
    commit(work, {".gitattributes": "*.txt text eol=crlf\n", "a.txt": "one\ntwo\n", "b.txt": "one\n"})
    for name in ("a.txt", "b.txt"):
        (work / name).unlink()
    git(work, "checkout", "--", "a.txt", "b.txt")
    assert (work / "a.txt").read_bytes() == b"one\r\ntwo\r\n"
    (work / "b.txt").write_bytes(b"edited\r\n")


def hide_tracked(work: Path) -> None:
    """Files that are under version control and are not kept."""
    commit(work, {".reenactignore": "big/\n", "big/a.bin": "a", "big/b.bin": "b", "large.bin": "x" * (3 << 20)})
    write(work, {"big/b.bin": "changed"})


def add_submodule(work: Path) -> None:
    other = work.parent / "other"
    other.mkdir()
    git(other, "init", "--quiet", "--initial-branch=main")
    commit(other, {"inner.py": "x\n", "deep/y.py": "y\n"})
    git(work, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    commit(work, {"after.py": "x\n"})


def leave_nothing(work: Path) -> None:
    commit(work, {})


def detach(work: Path) -> None:
    git(work, "tag", "sub/light", "v1^{commit}")
    git(work, "checkout", "--quiet", "--detach", "v1")
    write(work, {"train.py": "edited\n"})


def empty_commit(work: Path) -> None:
    git(work, "rm", "--quiet", "-r", ".")
    commit(work, {})
    write(work, {"only.py": "x\n"})


def sign_oddly(work: Path) -> None:
    """A message that is no UTF-8, an author with every kind of letter."""
    (work.parent / "message").write_bytes(b"caf\xe9\n\nparent 0000\n\n\n")
    write(work, {"x.py": "x\n"})
    git(work, "add", ".")
    git(work, "commit", "--quiet", "-F", str(work.parent / "message"), GIT_AUTHOR_NAME="Ä 😀")


CHANGES: list[Callable[[Path], None]] = [
    *(leave_nothing, change_files, ignore_files, convert_lines, hide_tracked, add_submodule, detach, empty_commit),
    sign_oddly,
]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_git_says_the_same(
    change: Callable[[Path], None], whole: bool, work: Path, tmp_path: Path, world: World
) -> None:
    git(work, "remote", "add", "origin", "https://me:secret@example.org/x.git")
    change(work)
    world = world._replace(environ={**world.environ, "REENACT_SIZE_LIMIT": "1MiB"})
    before = describe(work)
    code, target = put_back(work, tmp_path / "restored", world, whole=whole)
    if change is hide_tracked:
        before.remove("M big/b.bin")
        assert [each.path for each in code.committed if each.unseen] == ["big/a.bin", "large.bin"]
        assert "D big/b.bin" in describe(target), "it was changed, and is not there"
        assert [line for line in describe(target) if line != "D big/b.bin"] == before
    else:
        assert describe(target) == before
    for words in (
        ("rev-parse", "HEAD"),
        ("rev-parse", "HEAD^{tree}"),
        ("log", "-1", "--format=raw"),
        ("show", "--no-patch", "--format=%an %ae %ct %B"),
        ("ls-tree", "-r", "HEAD"),
        ("rev-parse", "--abbrev-ref", "HEAD"),
        ("rev-parse", "--is-inside-work-tree"),
        ("tag", "--points-at", "HEAD", "--format=%(refname) %(objecttype) %(contents)"),
    ):
        assert ask(target, *words) == ask(work, *words), words
    if change is detach:
        assert ask(target, "describe", "--dirty", "--tags", "--long") == ask(
            work, "describe", "--dirty", "--tags", "--long"
        )
    assert ask(target, "rev-list", "--count", "HEAD") == "1\n"
    assert ask(target, "remote", "get-url", "origin") == "https://example.org/x.git\n"
    if change not in (convert_lines, hide_tracked, add_submodule):
        # Contents are there too.
        assert ask(target, "diff", "HEAD", "--binary") == ask(work, "diff", "HEAD", "--binary")
        assert "missing" not in ask(target, "fsck", "--no-dangling")


def test_nothing_outside_is_needed_where_a_container_is_to_see_it(work: Path, tmp_path: Path, world: World) -> None:
    change_files(work)
    before = ask(work, "diff", "HEAD")
    _, target = put_back(work, tmp_path / "restored", world, whole=True)
    world.home.objects.rename(tmp_path / "elsewhere")
    assert ask(target, "diff", "HEAD") == before
    assert describe(target) == describe(work)


def test_scripts_that_look_at_the_index_alone_see_a_clean_tree(work: Path, tmp_path: Path, world: World) -> None:
    _, target = put_back(work, tmp_path / "restored", world)
    assert ask(target, "diff-files") == ""
    assert ask(target, "diff-index", "HEAD") == ""


def test_it_can_be_worked_in_and_the_store_stays_as_it_is(work: Path, tmp_path: Path, world: World) -> None:
    _, target = put_back(work, tmp_path / "restored", world)
    before = sorted(world.home.objects.rglob("*"))
    commit(target, {"more.py": "x\n"})
    git(target, "gc", "--quiet")
    git(target, "checkout", "--quiet", "-b", "another")
    assert ask(target, "rev-list", "--count", "HEAD") == "2\n"
    assert sorted(world.home.objects.rglob("*")) == before


def test_none_outside_of_git_and_none_before_the_first_commit(tmp_path: Path, world: World) -> None:
    plain = tmp_path / "plain"
    write(plain, {"x.py": "x\n"})
    assert not (put_back(plain, tmp_path / "one", world)[1] / ".git").exists()
    git(plain, "init", "--quiet")
    assert not (put_back(plain, tmp_path / "two", world)[1] / ".git").exists()
    assert (tmp_path / "two" / "x.py").exists()


def test_none_rather_than_a_wrong_one(work: Path, tmp_path: Path, world: World) -> None:
    code, target = put_back(work, tmp_path / "right", world)
    assert (target / ".git").is_dir()
    source = Snapshot("directory", str(work), commit=git(work, "rev-parse", "HEAD"))
    wrong = {
        "commit": (source._replace(commit="1" * 40), code),
        "none": (source._replace(commit=None), code),
        "text": (source, code._replace(commit=f"{code.commit}x")),
        "old": (source, code._replace(commit=None)),
        "tree": (
            source,
            code._replace(tree=code.base or "", committed=compare({"a": Entry("100644", "1" * 40)}, {}, ())),
        ),
    }
    store = open_store(world)
    for name, (snapshot, kept) in wrong.items():
        store.restore(kept, tmp_path / name)
        make_repository(snapshot, kept, tmp_path / name, Means(store))
        assert not (tmp_path / name / ".git").exists(), name
        assert (tmp_path / name / "train.py").exists(), name


@pytest.mark.parametrize("branch", ["../../x", "a b", "x\nref: y", "-x", "x..y", "x.lock", "@{1}", "x\0y", "HEAD", "@"])
def test_a_branch_that_is_none_is_left_out(branch: str, work: Path, tmp_path: Path, world: World) -> None:
    """A record may come from anywhere."""
    _, target = put_back(work, tmp_path / "restored", world, branch=branch, repository='x"\n[core]\n\tfsmonitor = sh\n')
    if (target / ".git").exists():
        assert ask(target, "rev-parse", "--abbrev-ref", "HEAD") == "HEAD\n"
        assert "fsmonitor" not in ask(target, "config", "--list", "--local", "--name-only")
        assert ask(target, "rev-parse", "HEAD") == ask(work, "rev-parse", "HEAD")


MADE = sorted(("HEAD", "config", "index", "objects", "packed-refs", "refs", "shallow"))
HOSTILE = [
    Committed(".git/config", "100644", "1" * 40),
    Committed("a/.git/hooks/post-checkout", "100755", "1" * 40),
    Committed("../x", "100644", "1" * 40),
    Committed("/x", "120000", "1" * 40),
    Committed("x\0100755 " + "1" * 40 + "\ty", "100644", "1" * 40),
    Committed("x", "100644 x", "1" * 40),
    Committed("x", "100644", "--help"),
    Committed("x", "40000", "1" * 40),
    Committed("", "100644", "1" * 40),
    Committed("\ud800", "100644", "1" * 40),
    Committed("train.py"),
    Committed("nested/"),
]


@pytest.mark.parametrize("each", HOSTILE)
def test_a_record_that_was_made_up(each: Committed, work: Path, tmp_path: Path, world: World) -> None:
    """None is made of it, or one that is what its commit says; nothing is written elsewhere."""
    head = git(work, "rev-parse", "HEAD")
    code = capture_in_place(work, world).code
    assert code is not None
    store = open_store(world)
    outside = sorted(tmp_path.iterdir())
    for kept in (code._replace(committed=(each,)), code._replace(commit=f"{code.commit}\ud800")):
        target = tmp_path / "inner" / os.urandom(4).hex()
        store.restore(kept, target)
        make_repository(Snapshot("directory", "x", commit=head), kept, target, Means(store))
        if (target / ".git").exists():
            assert ask(target, "ls-files", "--stage") == ask(work, "ls-tree", "-r", "HEAD").replace(
                " blob", ""
            ).replace("\t", " 0\t")
            assert sorted((target / ".git").iterdir()) == [target / ".git" / name for name in MADE]
    assert sorted(tmp_path.iterdir()) == sorted((*outside, tmp_path / "inner"))


@pytest.mark.parametrize("tag", ["../../x", "-x", "a b\n" + "1" * 40 + " refs/heads/main", "\ud800", "x\0"])
def test_a_tag_that_is_none(tag: str, work: Path, tmp_path: Path, world: World) -> None:
    code = capture_in_place(work, world).code
    assert code is not None
    kept = code._replace(
        tags=(Tag(tag), Tag("right"), Tag("other", "object " + "1" * 40 + "\ntype commit\ntag other\n"))
    )
    store = open_store(world)
    target = tmp_path / "restored"
    store.restore(kept, target)
    make_repository(Snapshot("directory", "x", commit=git(work, "rev-parse", "HEAD")), kept, target, Means(store))
    if (target / ".git").exists():
        assert ask(target, "tag") == "right\n"
        assert ask(target, "for-each-ref", "refs/heads") == ""


def test_a_commit_of_another_format_has_none(tmp_path: Path, world: World) -> None:
    work = tmp_path / "sha256"
    work.mkdir()
    git(work, "init", "--quiet", "--object-format=sha256")
    commit(work, {"x.py": "x\n"})
    assert not (put_back(work, tmp_path / "restored", world)[1] / ".git").exists()


def test_what_replaces_a_commit_is_not_taken_for_it(work: Path, tmp_path: Path, world: World) -> None:
    head = git(work, "rev-parse", "HEAD")
    git(work, "replace", head, "HEAD~1")
    _, target = put_back(work, tmp_path / "restored", world)
    assert ask(target, "rev-parse", "HEAD") == f"{head}\n"
    assert "three" in ask(target, "log", "-1")


def test_a_linked_work_tree(work: Path, tmp_path: Path, world: World) -> None:
    git(work, "worktree", "add", "--quiet", str(tmp_path / "linked"), "feature/x")
    write(tmp_path / "linked", {"train.py": "edited\n"})
    _, target = put_back(tmp_path / "linked", tmp_path / "restored", world)
    assert describe(target) == describe(tmp_path / "linked")
    assert "## feature/x" in describe(target)


def test_too_many_changes_are_not_recorded(work: Path, tmp_path: Path, world: World) -> None:
    write(work, {f"x{number}.py": "x\n" for number in range(MOST + 1)})
    code, target = put_back(work, tmp_path / "restored", world)
    assert (code.commit, code.committed) == (None, ())
    assert not (target / ".git").exists()
    shutil.rmtree(target)
    folder = work / "many"
    folder.mkdir()
    for number in range(MOST + 1):
        (work / f"x{number}.py").rename(folder / f"x{number}.py")
    code, target = put_back(work, tmp_path / "restored", world)
    assert [each.path for each in code.committed] == ["many/"], "a folder is one"
    assert describe(target) == describe(work)


def test_an_unchanged_tree_is_remembered_with_its_commit(work: Path, home: Home, world: World) -> None:
    first = settle(work, world)
    assert first.commit is not None
    assert capture_in_place(work, world._replace(environ={**world.environ, "PATH": "/nowhere"})).code == first
    git(work, "tag", "v3")
    again = capture_in_place(work, world).code
    assert again is not None
    assert again.tags == (Tag("v3"),)
    git(work, "commit", "--quiet", "--amend", "--message", "another")
    again = capture_in_place(work, world).code
    assert again is not None
    assert again.commit is not None
    assert again.commit.endswith("\n\nanother\n")
    assert again.tags == ()


@pytest.mark.parametrize("name", ["main", "feature/x", "späß", "a.b", "v1.0-rc1", "a@b", "x/HEAD", "a{b", "'\"$("])
def test_names_that_git_takes(name: str, work: Path) -> None:
    git(work, "check-ref-format", "--branch", name)
    assert is_reference(name)


@given(
    st.text(
        st.sampled_from("a/.-@{~^:?*[\\ \x7f\n") | st.characters(codec="utf-8", exclude_characters="\0"), max_size=6
    )
)
def test_no_name_that_git_refuses_is_taken(name: str) -> None:
    if is_reference(name):
        assert subprocess.run(("git", "check-ref-format", f"refs/heads/{name}")).returncode == 0


NAMES = st.sampled_from(["a", "b", "c.d", "e f"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
ENTRIES = st.builds(
    Entry, st.sampled_from(["100644", "100755", "120000", "160000"]), st.sampled_from("12").map(lambda c: c * 40)
)


def drop_impossible(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Without files that are folders too."""
    return {path: each for path, each in entries.items() if not any(path.startswith(f"{o}/") for o in entries)}


@given(st.dictionaries(PATHS, ENTRIES, max_size=8), st.dictionaries(PATHS, ENTRIES, max_size=8))
def test_the_files_of_the_commit_are_found_again(theirs: dict[str, Entry], ours: dict[str, Entry]) -> None:
    theirs = drop_impossible(theirs)
    ours = {path: each for path, each in drop_impossible(ours).items() if each.mode != "160000"}
    assert apply(compare(theirs, ours, ()), ours) == theirs
