from __future__ import annotations

import os
from pathlib import Path

import pytest

from reenact.errors import SourceError
from reenact.home import Home
from reenact.sources import Fetched, fetch, keep, parse_uri
from reenact.sources.work_tree import Facts, read_facts
from reenact.world import World
from tests.sources.repositories import commit, git, make_world, told


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A directory that is in no repository, with a project in odd places."""
    folder = tmp_path / "plain"
    for name in ("sub/v1.0", "a b", "späß", "..dots", "100%"):
        (folder / name).mkdir(parents=True)
    return folder


def root_of(uri: str, world: World) -> Path:
    snapshot, root, _ = fetch(parse_uri(uri), Path("/nonexistent/code"), world)
    assert snapshot.kind == "directory"
    return root / snapshot.subdirectory


def test_every_spelling_of_a_directory(plain: Path, world: World) -> None:
    (world.cwd / "rel").symlink_to(plain)
    uris = [
        str(plain),
        f"{plain}/",
        "plain",
        "./plain",
        "sub/../plain",
        f"file://{plain}",
        f"FILE://{plain}",
        f"file://localhost{plain}",
        "file://plain",
        "~/plain",
        f"'{plain}'",
        f'"{plain}"',
        f"{plain}#",
        f"{plain}#.",
        f"{plain}#sub/..",
        "rel",
    ]
    (world.cwd / "sub").mkdir()
    for uri in uris:
        assert root_of(uri, world).resolve() == plain, uri


def test_nothing_is_here(plain: Path, world: World) -> None:
    assert root_of("", world._replace(cwd=plain)) == plain
    assert root_of(".", world._replace(cwd=plain)) == plain
    assert root_of("#sub", world._replace(cwd=plain)) == plain / "sub"


@pytest.mark.parametrize("name", ["sub/v1.0", "sub/v1.0/", "a b", "späß", "..dots", "./sub//v1.0", "100%"])
def test_a_subdirectory_of_any_name(name: str, plain: Path, world: World) -> None:  # MLflow W-27
    assert root_of(f"{plain}#{name}", world) == plain / os.path.normpath(name)


@pytest.mark.parametrize("name", ["..", "../plain", "/etc", "sub/../../plain", "/", "//etc"])
def test_a_subdirectory_stays_inside(name: str, plain: Path, world: World) -> None:
    with pytest.raises(SourceError, match="leads out"):
        root_of(f"{plain}#{name}", world)


def test_a_missing_subdirectory_is_told_with_the_nearest(plain: Path, world: World) -> None:
    with pytest.raises(SourceError, match=r"Could not find subdirectory 'sub/v1\.1'") as caught:
        root_of(f"{plain}#sub/v1.1", world)
    assert caught.value.hint == "did you mean 'v1.0'?"


def test_a_path_with_a_number_sign(tmp_path: Path, world: World) -> None:
    folder = tmp_path / "c#" / "my#project"
    (folder / "sub").mkdir(parents=True)
    assert root_of(str(folder), world) == folder
    assert root_of(f"{folder}#sub", world) == folder / "sub"
    assert root_of(f"file://{folder}#sub", world) == folder / "sub"


def test_a_file_uri_is_decoded(plain: Path, world: World) -> None:
    assert root_of(f"file://{plain}/a%20b", world) == plain / "a b"
    assert root_of(f"file://{plain}/100%", world) == plain / "100%"
    with pytest.raises(SourceError):
        root_of(f"{plain}/a%20b", world)


@pytest.mark.parametrize(
    ("uri", "message", "hint"),
    [
        ("plian", "'plian' does not exist in", "did you mean 'plain'?"),
        ("plain/sbu/v1.0", "'sbu' does not exist in", "did you mean 'sub'?"),
        ("plain/zzzz", "'zzzz' does not exist in", None),
        ("file://plian", "does not exist in", "did you mean 'plain'?"),
        ("plain/file/x", "is not a folder", None),
        ("github.com/o/r", "'github.com' does not exist", "did you mean 'https://github.com/o/r'?"),
        ("plain/MLproject", "is a project's file", "name the folder: "),
        ("plain/file", "neither a folder nor an archive", "a project is"),
        ("plain/missing.zip", "'missing.zip' does not exist", None),
        ("s3://bucket/x", "the protocol 's3' is not known", "allowed are https, http, ssh, git, file"),
        ("htps://host/x", "the protocol 'htps' is not known", "did you mean 'https'?"),
        ("ext::sh -c id", "the protocol 'ext' is not known", "allowed are"),
    ],
)
def test_what_leads_nowhere_is_told_as_what_it_is(
    uri: str, message: str, hint: str | None, plain: Path, world: World
) -> None:  # MLflow W-26
    (plain / "MLproject").touch()
    (plain / "file").touch()
    with pytest.raises(SourceError) as caught:
        root_of(uri, world)
    assert message in caught.value.message
    assert "git" not in caught.value.message.replace("github", "")
    assert (caught.value.hint or "").startswith(hint) if hint else caught.value.hint is None


def test_a_control_character_is_refused() -> None:
    for text in ("a\x00b", "a\nb"):
        with pytest.raises(SourceError):
            parse_uri(text)


def test_a_version_needs_a_repository(plain: Path, world: World, code: Path) -> None:
    with pytest.raises(SourceError, match="Setting a version is only supported"):
        fetch(parse_uri(str(plain), "main"), code, world)


def test_the_facts_of_a_work_tree(work: Path, world: World, code: Path) -> None:
    git(work, "remote", "add", "upstream", "https://example.org/up.git")
    git(work, "remote", "add", "origin", "https://me:s3cret@example.org/o/r.git?token=s3cret")
    snapshot, root, _ = fetch(parse_uri(f"{work}/nested#v1.0"), code, world)
    assert (snapshot.root, root) == (str(work / "nested"), work / "nested")
    assert not code.exists()
    assert not world.home.root.exists() or not any(world.home.root.iterdir())
    snapshot, _ = keep(Fetched(snapshot, root), world)
    assert (snapshot.commit, snapshot.branch) == (git(work, "rev-parse", "HEAD"), "main")
    assert (snapshot.dirty, snapshot.prefix) == (False, "nested")
    assert snapshot.repository == "https://example.org/o/r.git"


@pytest.mark.parametrize("change", ["edit", "stage", "untracked", "delete"])
def test_any_change_makes_it_dirty(change: str, work: Path, world: World) -> None:
    if change == "untracked":
        (work / "new").touch()
    elif change == "delete":
        (work / "train.py").unlink()
    else:
        (work / "train.py").write_text("changed\n")
        if change == "stage":
            git(work, "add", "train.py")
    assert read_facts(work, world).dirty is True


def test_what_is_ignored_does_not_count(work: Path, world: World) -> None:
    commit(work, {".gitignore": "out/\n"})
    (work / "out").mkdir()
    (work / "out" / "x").touch()
    assert read_facts(work, world).dirty is False


def test_the_index_is_not_refreshed(work: Path, world: World) -> None:
    os.utime(work / "train.py", (1, 1))
    before = (work / ".git/index").read_bytes()
    assert read_facts(work, world).dirty is False
    assert (work / ".git/index").read_bytes() == before


def test_a_detached_head_a_new_repository_and_a_linked_tree(work: Path, tmp_path: Path, world: World) -> None:
    git(work, "remote", "add", "origin", "git@example.org:o/r.git")
    git(work, "worktree", "add", "--quiet", str(tmp_path / "linked"), "feature/x")
    linked = read_facts(tmp_path / "linked", world)
    assert (linked.branch, linked.repository) == ("feature/x", "git@example.org:o/r.git")
    git(work, "checkout", "--quiet", "--detach")
    assert read_facts(work, world).branch is None
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    git(fresh, "init", "--quiet", "-b", "trunk")
    assert read_facts(fresh, world) == Facts(None, "trunk", False)


def test_outside_of_a_work_tree_git_is_not_started(plain: Path, home: Home, tmp_path: Path) -> None:
    world = make_world(tmp_path, home, PATH=str(tmp_path / "nothing"))
    assert read_facts(plain, world) == Facts()
    assert told(world) == []


def test_a_repository_that_git_refuses_is_a_warning(work: Path, world: World) -> None:
    (work / ".git" / "HEAD").write_text("rubbish")
    assert read_facts(work, world) == Facts()
    assert [kind for kind, _ in told(world)] == ["warn"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
def test_a_repository_of_another_user_is_told_with_the_way_out(work: Path, world: World, code: Path) -> None:
    os.chown(work, 4321, 4321)
    os.chown(work / ".git", 4321, 4321)
    assert read_facts(work, world) == Facts()
    assert "safe.directory" in told(world)[0][1]
    with pytest.raises(SourceError, match="belongs to another user"):
        fetch(parse_uri(str(work), "v1"), code, world)
