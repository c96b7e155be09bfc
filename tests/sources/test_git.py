"""Git sources, from repositories on this machine; servers are in tests/integration."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reenact.errors import SourceError
from reenact.home import Home
from reenact.sources import Fetched, fetch, parse_uri
from reenact.world import World
from tests.sources.repositories import commit, git, make_bare, make_repository, make_world, told


def fetch_at(uri: str | Path, version: str | None, code: Path, world: World) -> Fetched:
    return fetch(parse_uri(str(uri), version), code, world)


def test_the_default_branch_is_a_real_checkout(bare: Path, work: Path, code: Path, world: World) -> None:
    snapshot, root, _ = fetch_at(bare, None, code, world)
    assert (root / "train.py").read_text() == "three\n"
    assert snapshot.kind == "git"
    assert snapshot.commit == git(work, "rev-parse", "main")
    assert snapshot.tree == git(work, "rev-parse", "main^{tree}")
    assert (snapshot.branch, snapshot.version, snapshot.dirty) == ("main", None, False)
    assert snapshot.repository == str(bare)
    assert git(code, "status", "--porcelain", "--branch") == "## main...origin/main"
    assert git(code, "rev-parse", "HEAD") == snapshot.commit
    assert git(code, "describe") == "v1-2-g" + snapshot.commit[:7]
    assert git(code, "log", "--format=%s").split() == ["three", "two", "one"]
    assert git(code, "config", "remote.origin.url") == str(bare)


@pytest.mark.parametrize(
    ("version", "says", "branch"),
    [
        ("main", "three", "main"),
        ("feature/x", "feature", "feature/x"),
        ("origin/feature/x", "feature", "feature/x"),
        ("heads/main", "three", "main"),
        ("refs/heads/feature/x", "feature", "feature/x"),
        ("HEAD", "three", "main"),
        ("v1", "one", None),
        ("v2", "two", None),
        ("tags/v1", "one", None),
        ("refs/tags/v2", "two", None),
        ("main~1", "two", None),
        ("main^^", "one", None),
        ("HEAD~2", "one", None),
        ("v1^{commit}", "one", None),
        ("pull/7/head", "pulled", None),
        ("refs/pull/7/head", "pulled", None),
        ("pull/7/head~1", "three", None),
    ],
)
def test_a_version_is_any_name_of_a_commit(
    version: str, says: str, branch: str | None, bare: Path, work: Path, code: Path, world: World
) -> None:
    commit(work, {"train.py": "pulled\n"})
    git(work, "push", "--quiet", str(bare), "HEAD:refs/pull/7/head")
    snapshot, root, _ = fetch_at(bare, version, code, world)
    assert (root / "train.py").read_text() == f"{says}\n"
    assert (snapshot.branch, snapshot.version) == (branch, version)
    assert git(code, "rev-parse", "HEAD") == snapshot.commit
    assert git(code, "status", "--porcelain") == ""


def test_a_hash_may_be_full_or_short_or_described(bare: Path, work: Path, tmp_path: Path, world: World) -> None:
    full = git(work, "rev-parse", "v2")
    versions = [full, full[:7], full[:5], full.upper(), f"v1-1-g{full[:8]}", f"{full[:9]}^"]
    for number, version in enumerate(versions):
        snapshot, root, _ = fetch_at(bare, version, tmp_path / str(number), world)
        assert (root / "train.py").read_text() == ("one\n" if version.endswith("^") else "two\n"), version
        assert snapshot.version == version


def test_a_commit_that_no_branch_leads_to_is_found_by_its_hash(
    bare: Path, work: Path, code: Path, world: World
) -> None:
    git(work, "checkout", "--quiet", "--detach")
    lost = commit(work, {"train.py": "lost\n"})
    git(work, "push", "--quiet", str(bare), "HEAD:refs/odd/place")
    git(bare, "config", "uploadpack.hideRefs", "refs/odd")
    git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
    assert fetch_at(bare, lost, code, world).snapshot.commit == lost
    assert (code / "train.py").read_text() == "lost\n"


@pytest.mark.parametrize(
    "version", ["mian", "deadbeef", "f" * 40, "main~99", "v1^{tree}", "pull/9/head", "a b", "refs/x"]
)
def test_an_unknown_version_is_told_with_what_was_meant(version: str, bare: Path, code: Path, world: World) -> None:
    with pytest.raises(SourceError, match="Unable to checkout version") as caught:
        fetch_at(bare, version, code, world)
    assert f"'{version}'" in caught.value.message or version in caught.value.message
    assert caught.value.hint
    if version == "mian":
        assert "did you mean 'main'?" in caught.value.hint


@pytest.mark.parametrize("version", ["--upload-pack=touch x", "-x", "", " ", "a\nb", "a\x00b"])
def test_a_version_that_could_be_an_option_is_refused(version: str, bare: Path, code: Path, world: World) -> None:
    with pytest.raises(SourceError, match=r"version"):
        fetch_at(bare, version, code, world)
    assert not code.exists()


def test_a_tag_wins_over_a_branch_and_that_is_said(bare: Path, work: Path, code: Path, world: World) -> None:
    git(bare, "branch", "v1", "main")
    snapshot, root, _ = fetch_at(bare, "v1", code, world)
    assert (root / "train.py").read_text() == "one\n"
    assert snapshot.branch is None
    assert any(kind == "note" and "a tag and a branch" in text for kind, text in told(world))


def test_a_branch_that_moves_is_followed_and_one_that_became_a_folder_is_no_obstacle(
    bare: Path, work: Path, tmp_path: Path, world: World
) -> None:
    fetch_at(bare, None, tmp_path / "1", world)
    git(bare, "branch", "topic", "v1")
    fetch_at(bare, "topic", tmp_path / "2", world)
    git(bare, "branch", "-D", "topic")
    new = commit(work, {"train.py": "four\n"})
    git(work, "push", "--quiet", "--force", str(bare), "main", "main:topic/new")
    assert fetch_at(bare, "main", tmp_path / "3", world).snapshot.commit == new
    assert fetch_at(bare, "topic/new", tmp_path / "4", world).snapshot.branch == "topic/new"
    with pytest.raises(SourceError, match="Unable to checkout"):
        fetch_at(bare, "topic", tmp_path / "5", world)


def test_an_empty_repository_and_a_head_that_leads_nowhere_are_told(work: Path, tmp_path: Path, world: World) -> None:
    empty = tmp_path / "empty.git"
    git(tmp_path, "init", "--quiet", "--bare", str(empty))
    with pytest.raises(SourceError, match="is empty"):
        fetch_at(empty, None, tmp_path / "1", world)
    headless = make_bare(work, tmp_path / "headless.git")
    git(headless, "symbolic-ref", "HEAD", "refs/heads/gone")
    with pytest.raises(SourceError, match="default branch") as caught:
        fetch_at(headless, None, tmp_path / "2", world)
    assert "main" in (caught.value.hint or "")


def test_a_detached_head_is_followed(work: Path, tmp_path: Path, world: World) -> None:
    git(work, "checkout", "--quiet", "--detach", "v1")
    lost = commit(work, {"train.py": "lost\n"})
    snapshot, _, _ = fetch_at(work, "HEAD", tmp_path / "code", world)
    assert (snapshot.commit, snapshot.branch) == (lost, None)


def test_the_same_repository_is_fetched_once(bare: Path, tmp_path: Path, world: World) -> None:
    uris = [str(bare), f"file://{bare}", f"git+file://{bare}", f"{bare}/", f"file://localhost{bare}"]
    commits = {fetch_at(uri, None, tmp_path / str(n), world).snapshot.commit for n, uri in enumerate(uris)}
    assert len(commits) == 1
    assert len([path for path in world.home.repositories.iterdir() if path.suffix == ".git"]) == 1


def test_only_the_contents_that_are_checked_out_are_fetched(bare: Path, code: Path, world: World) -> None:
    fetch_at(bare, "main", code, world)
    mirror = next(world.home.repositories.glob("*.git"))
    missing = git(mirror, "rev-list", "--all", "--objects", "--missing=print")
    assert [line for line in missing.splitlines() if line.startswith("?")]
    assert git(code, "show", "v1:train.py") == "one", "what is missing comes when it is asked for"
    assert "promisor" not in (mirror / "config").read_text()


@pytest.mark.parametrize("damage", ["head", "pack", "objects", "refs"])
def test_a_damaged_mirror_is_made_anew(damage: str, bare: Path, tmp_path: Path, world: World) -> None:
    pinned = fetch_at(bare, "main", tmp_path / "1", world).snapshot.commit
    mirror = next(world.home.repositories.glob("*.git"))
    if damage == "head":
        (mirror / "HEAD").write_text("")
    elif damage == "refs":
        (mirror / "packed-refs").write_text("rubbish\n")
    elif damage == "objects":
        for path in (mirror / "objects" / "pack").iterdir():
            path.unlink()
    else:
        for pack in (mirror / "objects" / "pack").glob("*.pack"):
            pack.chmod(0o644)
            pack.write_bytes(b"PACK" + os.urandom(pack.stat().st_size - 4))
    for number, version in enumerate(["main", pinned]):
        snapshot, root, _ = fetch_at(bare, version, tmp_path / f"again{number}", world)
        assert snapshot.commit == pinned
        assert (root / "train.py").read_text() == "three\n"


def test_what_a_killed_git_left_is_no_obstacle(bare: Path, work: Path, tmp_path: Path, world: World) -> None:
    fetch_at(bare, "main", tmp_path / "1", world)
    mirror = next(world.home.repositories.glob("*.git"))
    for name in ("packed-refs.lock", "refs/heads/main.lock", "shallow.lock", "HEAD.lock"):
        (mirror / name).touch()
    (mirror / "objects/pack/tmp_pack_abc").write_bytes(b"half")
    aside = world.home.repositories / f".{mirror.name}.new"
    aside.mkdir()
    new = commit(work, {"train.py": "four\n"})
    git(work, "push", "--quiet", str(bare), "main")
    assert fetch_at(bare, "main", tmp_path / "2", world).snapshot.commit == new
    assert not list((mirror / "objects" / "pack").glob("tmp_*"))


def test_a_script_in_the_checkout_cannot_change_the_mirror(bare: Path, tmp_path: Path, world: World) -> None:
    code = tmp_path / "1"
    fetch_at(bare, "main", code, world)
    mirror = next(world.home.repositories.glob("*.git"))
    before = {p: p.read_bytes() for p in mirror.rglob("*") if p.is_file()}
    commit(code, {"train.py": "mine\n"})
    for arguments in (
        ("branch", "-f", "feature/x"),
        ("tag", "-d", "v1"),
        ("config", "user.name", "x"),
        ("gc", "--quiet", "--prune=now"),
        ("update-ref", "-d", "refs/remotes/origin/main"),
    ):
        git(code, *arguments)
    assert {p: p.read_bytes() for p in mirror.rglob("*") if p.is_file()} == before
    assert (fetch_at(bare, "main", tmp_path / "2", world).root / "train.py").read_text() == "three\n"


def test_no_hook_and_no_template_ever_runs(bare: Path, work: Path, code: Path, tmp_path: Path, home: Home) -> None:
    world = make_world(tmp_path, home)
    template = tmp_path / "template" / "hooks"
    template.mkdir(parents=True)
    for name in ("post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc"):
        hook = template / name
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran-{name}\n")
        hook.chmod(0o755)
    (tmp_path / ".gitconfig").write_text(
        f"[init]\n\ttemplateDir = {template.parent}\n"
        f"[core]\n\thooksPath = {template}\n\tfsmonitor = {template}/pre-auto-gc\n"
    )
    fetch_at(bare, "main", code, world)
    fetch_at(work, None, code, world)
    assert not list(tmp_path.glob("ran-*"))
    assert not (code / ".git" / "hooks").exists()


def test_variables_of_a_caller_that_is_a_hook_do_not_lead_astray(
    bare: Path, work: Path, code: Path, tmp_path: Path, home: Home
) -> None:
    world = make_world(tmp_path, home, GIT_DIR=str(work / ".git"), GIT_INDEX_FILE=str(work / ".git/index"))
    before = (work / ".git/index").read_bytes()
    assert (fetch_at(bare, "v1", code, world).root / "train.py").read_text() == "one\n"
    assert (work / ".git/index").read_bytes() == before


def test_odd_names_modes_and_links_arrive(tmp_path: Path, code: Path, world: World) -> None:
    work = make_repository(tmp_path / "odd")
    names = ["tab\there", "new\nline", 'quote"d', "späß", "-dash", " space ", "back\\slash"]
    for name in names:
        (work / name).write_text(name)
    (work / os.fsdecode(b"latin-\xe9")).write_text("bytes")
    (work / "run.sh").write_text("#!/bin/sh\n")
    (work / "run.sh").chmod(0o755)
    (work / "link").symlink_to("train.py")
    commit(work, {})
    _, root, _ = fetch_at(work, "main", code, world)
    assert all((root / name).read_text() == name for name in names)
    assert (root / os.fsdecode(b"latin-\xe9")).read_text() == "bytes"
    assert os.access(root / "run.sh", os.X_OK)
    assert (root / "link").is_symlink()
    assert git(root, "status", "--porcelain") == ""


def test_a_repository_with_sha256_ids(tmp_path: Path, code: Path, world: World) -> None:
    work = tmp_path / "modern"
    work.mkdir()
    git(work, "init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    oid = commit(work, {"train.py": "x\n"})
    snapshot, root, _ = fetch_at(work, "main", code, world)
    assert snapshot.commit == oid
    assert len(oid) == 64
    assert git(root, "status", "--porcelain") == ""


def test_a_shallow_work_tree_gives_what_it_has(work: Path, tmp_path: Path, code: Path, world: World) -> None:
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{work}", str(shallow))
    snapshot, root, _ = fetch_at(shallow, "main", code, world)
    assert (root / "train.py").read_text() == "three\n"
    assert git(root, "log", "--format=%s") == "three"
    assert snapshot.subdirectory == ""


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_the_users_own_checkout_is_never_touched(work: Path, tmp_path: Path, world: World) -> None:  # MLflow W-03
    (work / "train.py").write_text("edited\n")
    (work / "new.txt").write_text("untracked\n")
    os.utime(work / "MLproject", (1, 1))
    before = everything(work)
    short = git(work, "rev-parse", "--short", "v1")
    for number, version in enumerate(["feature/x", "v1", short, "main~1", "HEAD"]):
        fetch_at(work, version, tmp_path / str(number), world)
    fetch_at(work, None, tmp_path / "unused", world)
    with pytest.raises(SourceError, match="Unable to checkout version 'nope'"):
        fetch_at(work, "nope", tmp_path / "unused", world)
    assert everything(work) == before
    assert (tmp_path / "1" / "train.py").read_text() == "one\n"


def test_a_folder_inside_a_repository_takes_a_version_too(work: Path, tmp_path: Path, world: World) -> None:
    snapshot, root, _ = fetch_at(work / "nested" / "v1.0", "v1", tmp_path / "1", world)
    assert snapshot.subdirectory == "nested/v1.0"
    assert (root / snapshot.subdirectory / "train.py").read_text() == "nested\n"
    snapshot, _, _ = fetch_at(f"{work}/nested#v1.0/", "main", tmp_path / "2", world)
    assert snapshot.subdirectory == "nested/v1.0"


def test_a_linked_work_tree_takes_a_version(work: Path, tmp_path: Path, code: Path, world: World) -> None:
    linked = tmp_path / "linked"
    git(work, "worktree", "add", "--quiet", str(linked), "feature/x")
    assert (fetch_at(linked, "HEAD", code, world).root / "train.py").read_text() == "feature\n"


def test_submodules_come_recursively_and_from_the_cache(tmp_path: Path, world: World) -> None:
    make_repository(tmp_path / "leaf")
    middle = make_repository(tmp_path / "middle")
    git(middle, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../leaf", "deep/leaf")
    middle_commit = commit(middle, {})
    top = make_repository(tmp_path / "top")
    git(
        top,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        "--name",
        "odd name",
        "../middle",
        "libs/middle",
    )
    pinned = commit(top, {})
    _, root, _ = fetch_at(top, "main", tmp_path / "1", world)
    assert (root / "libs/middle/deep/leaf/train.py").read_text() == "three\n"
    assert git(root / "libs/middle", "rev-parse", "HEAD") == middle_commit
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "submodule", "status").startswith(middle_commit)
    for name in ("leaf", "middle", "top"):
        (tmp_path / name).rename(tmp_path / f"gone-{name}")
    (tmp_path / "top").mkdir()
    git(tmp_path / "top", "init", "--quiet")
    _, root, _ = fetch_at(tmp_path / "top", pinned, tmp_path / "2", world)
    assert (root / "libs/middle/deep/leaf/train.py").read_text() == "three\n"


@pytest.mark.parametrize("url", ["ext::sh -c touch% ran", "-u./x", "ftp://host/x"])
def test_a_submodule_with_a_bad_address_is_refused(url: str, work: Path, tmp_path: Path, world: World) -> None:
    oid = git(work, "rev-parse", "v1")
    (work / ".gitmodules").write_text(f'[submodule "bad"]\n\tpath = bad\n\turl = "{url}"\n')
    git(work, "add", ".gitmodules")
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{oid},bad")
    git(work, "commit", "--quiet", "-m", "bad")
    with pytest.raises(SourceError):
        fetch_at(work, "main", tmp_path / "code", world)
    assert not list(tmp_path.rglob("ran"))


def test_a_submodule_without_an_address_is_only_warned_of(work: Path, code: Path, world: World) -> None:
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{git(work, 'rev-parse', 'v1')},stray")
    git(work, "commit", "--quiet", "-m", "stray")
    fetch_at(work, "main", code, world)
    assert [text for kind, text in told(world) if kind == "warn" and "stray" in text]


def without_lfs(tmp_path: Path) -> str:
    """A search path with git and without git-lfs."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for folder in os.environ["PATH"].split(os.pathsep):
        for name in ("git", "sh", "git-upload-pack"):
            if os.path.exists(f"{folder}/{name}") and not (tools / name).is_symlink():
                (tools / name).symlink_to(f"{folder}/{name}")
    return str(tools)


def test_without_git_lfs_its_pointers_are_warned_of(work: Path, code: Path, tmp_path: Path, home: Home) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 3\n"
    write_lfs = {"data/.gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "data/a.bin": pointer}
    commit(work, write_lfs)
    (tmp_path / ".gitconfig").write_text('[filter "lfs"]\n\tprocess = git-lfs filter-process\n\trequired = true\n')
    world = make_world(tmp_path, home, PATH=without_lfs(tmp_path))
    _, root, _ = fetch_at(work, "main", code, world)
    assert (root / "data/a.bin").read_text() == pointer
    assert [text for kind, text in told(world) if kind == "warn" and "git-lfs" in text and "data/a.bin" in text]


def has_lfs() -> bool:
    return subprocess.run(("git", "lfs", "version"), capture_output=True).returncode == 0


@pytest.mark.skipif(not has_lfs(), reason="git-lfs is not installed")
def test_with_git_lfs_the_contents_come(tmp_path: Path, world: World) -> None:
    work = make_repository(tmp_path / "large")
    git(work, "config", "filter.lfs.clean", "git-lfs clean -- %f")
    (work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (work / "a.bin").write_bytes(b"large content")
    pinned = commit(work, {})
    _, root, _ = fetch_at(work, "main", tmp_path / "1", world)
    assert (root / "a.bin").read_bytes() == b"large content"
    assert "oid sha256" in git(root, "show", "HEAD:a.bin")
    (work / ".git" / "lfs").rename(tmp_path / "gone")
    assert (fetch_at(work, pinned, tmp_path / "2", world).root / "a.bin").read_bytes() == b"large content"


def test_a_missing_git_is_told_for_a_repository_and_no_error_for_a_directory(
    bare: Path, work: Path, code: Path, tmp_path: Path, home: Home
) -> None:
    world = make_world(tmp_path, home, PATH=str(tmp_path / "nothing"))
    with pytest.raises(SourceError, match="git is not installed"):
        fetch_at(bare, None, code, world)
    snapshot, _, _ = fetch_at(work, None, code, world)
    assert snapshot.commit is None
    assert snapshot.dirty is None
