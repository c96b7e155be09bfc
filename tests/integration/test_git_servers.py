"""Git sources behind real servers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reenact.errors import SourceError
from reenact.files import is_held
from reenact.home import Home
from reenact.sources import Fetched, fetch, parse_uri
from reenact.world import World
from tests.integration.servers import SSHD, Served, find_port, make_certificate, serve_git, serve_http, serve_ssh
from tests.sources.contract import SECRET, check_contract
from tests.sources.repositories import commit, git, make_repository, make_world, told


def fetch_at(uri: str, version: str | None, code: Path, world: World) -> Fetched:
    return fetch(parse_uri(uri, version), code, world)


def test_http_keeps_the_promises(http: Served, code: Path, world: World) -> None:
    assert check_contract(f"{http.url}/sample.git", code, world).repository == f"{http.url}/sample.git"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl to make a certificate with")
def test_https_keeps_the_promises(served: Path, code: Path, tmp_path: Path, home: Home) -> None:
    certificate = make_certificate(tmp_path)
    with serve_http(served, certificate=certificate) as server:
        assert server.url.startswith("https://")
        trusting = make_world(tmp_path, home, GIT_SSL_CAINFO=str(certificate))
        assert check_contract(f"{server.url}/sample.git", code, trusting).uri == f"{server.url}/sample.git"
        with pytest.raises(SourceError, match="certificate"):
            fetch_at(f"{server.url}/other.git", None, code.with_name("strange"), make_world(tmp_path, home))


def test_pips_spelling_keeps_the_promises(http: Served, code: Path, world: World) -> None:
    check_contract(f"git+{http.url}/sample", code, world)
    assert fetch_at(f"git+{http.url}/sample.git@v1", None, code.with_name("v1"), world).snapshot.version == "v1"


def test_the_git_protocol_keeps_the_promises(served: Path, code: Path, world: World) -> None:
    with serve_git(served) as url:
        check_contract(f"{url}/sample.git", code, world)


@pytest.mark.slow
@pytest.mark.skipif(SSHD is None, reason="there is no sshd to test with")
def test_ssh_keeps_the_promises(served: Path, code: Path, tmp_path: Path, home: Home) -> None:
    with serve_ssh(tmp_path / "ssh") as shell:
        world = make_world(tmp_path, home, GIT_SSH_COMMAND=shell.command)
        snapshot = check_contract(f"{shell.url}{served}/sample.git", code, world)
        assert snapshot.repository == f"{shell.url}{served}/sample.git"
        user, _, port = shell.url.removeprefix("ssh://").rpartition(":")
        short = make_world(tmp_path, home, GIT_SSH_COMMAND=f"{shell.command} -p {port}")
        assert fetch_at(f"{user}:{served}/sample.git", "v1", code.with_name("short"), short).snapshot.commit
        strange = make_world(tmp_path, home, GIT_SSH_COMMAND=shell.strange_command)
        with pytest.raises(SourceError, match="the host's ssh key is not known"):
            fetch_at(f"{shell.url}{served}/sample.git", None, code.with_name("strange"), strange)


@pytest.mark.skipif(SSHD is None, reason="there is no sshd to test with")
def test_ssh_never_asks(served: Path, code: Path, tmp_path: Path, home: Home) -> None:
    with serve_ssh(tmp_path / "ssh") as shell, pytest.raises(SourceError, match=r"ssh key is not known|no access"):
        fetch_at(f"{shell.url}{served}/sample.git", None, code, make_world(tmp_path, home))


def test_a_login_goes_through_the_address_and_is_kept_nowhere(
    served: Path, code: Path, world: World, tmp_path: Path
) -> None:
    git_config = tmp_path / ".gitconfig"
    git_config.write_text(f"[credential]\n\thelper = store --file={tmp_path}/stored\n")
    with serve_http(served, user="us@er", password=SECRET) as server:
        uri = server.url.replace("://", f"://us%40er:{SECRET}@") + "/sample.git"
        snapshot = check_contract(uri, code, world)
        assert snapshot.uri == f"{server.url}/sample.git"
        with pytest.raises(SourceError, match="no access") as caught:
            fetch_at(uri.replace(SECRET, f"{SECRET}-wrong"), "v1", code.with_name("wrong"), world)
    assert SECRET not in caught.value.message
    kept = [path for folder in (world.home.root, code.parent) for path in folder.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]
    assert not (tmp_path / "stored").exists()


def test_a_password_is_on_no_command_line(served: Path, code: Path, home: Home, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    real = subprocess.check_output(["which", "git"], text=True).strip()
    (tools / "git").write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>{tmp_path}/calls\nexec {real} "$@"\n')
    (tools / "git").chmod(0o755)
    world = make_world(tmp_path, home, PATH=f"{tools}:{os.environ['PATH']}")
    with serve_http(served, user="me", password=SECRET) as server:
        fetch_at(server.url.replace("://", f"://me:{SECRET}@") + "/sample.git", "main", code, world)
    calls = (tmp_path / "calls").read_text()
    assert "ls-remote" in calls
    assert SECRET not in calls


def test_a_credential_helper_of_the_user_works(served: Path, code: Path, world: World, tmp_path: Path) -> None:
    with serve_http(served, user="me", password=SECRET) as server:
        with pytest.raises(SourceError, match="no access"):
            fetch_at(f"{server.url}/sample.git", None, code, world)
        (tmp_path / "stored").write_text(server.url.replace("://", f"://me:{SECRET}@") + "\n")
        (tmp_path / ".gitconfig").write_text(f"[credential]\n\thelper = store --file={tmp_path}/stored\n")
        assert fetch_at(f"{server.url}/sample.git", None, code, world).snapshot.branch == "main"
        named = server.url.replace("://", "://me@") + "/sample.git"
        assert fetch_at(named, "v1", code.with_name("named"), world).snapshot.commit


def test_what_fails_says_its_cause_first(http: Served, code: Path, world: World) -> None:
    cases = {
        f"{http.url}/missing.git": "there is no such repository",
        f"{http.url}/status/500/x.git": "the server cannot be reached, or it broke off",
        f"http://127.0.0.1:{find_port()}/x.git": "the server cannot be reached",
        f"git://127.0.0.1:{find_port()}/x.git": "the server cannot be reached",
        "http://host.invalid/x.git?token=" + SECRET: "the host is unknown",
    }
    for uri, cause in cases.items():
        with pytest.raises(SourceError) as caught:
            fetch_at(uri, None, code, world)
        first, _, rest = caught.value.message.partition("\n")
        assert cause in first, caught.value.message
        assert "git said:" in rest
        assert SECRET not in caught.value.message
        assert not code.exists()
    assert not list(world.home.repositories.glob("*.git"))


def test_pages_of_any_host(http: Served, work: Path, served: Path, tmp_path: Path, world: World) -> None:
    git(served / "sample.git", "update-ref", "refs/pull/3/head", git(work, "rev-parse", "feature/x"))
    git(served / "sample.git", "update-ref", "refs/merge-requests/4/head", git(work, "rev-parse", "v1"))
    full = git(work, "rev-parse", "v2")
    site = f"{http.url}/sample"
    pages = {
        f"{site}/tree/main": ("three", "", "main"),
        f"{site}/tree/feature/x": ("feature", "", "feature/x"),
        f"{site}/tree/feature/x/nested/v1.0": ("nested", "nested/v1.0", "feature/x"),
        f"{site}/tree/feature/x/nested#v1.0": ("nested", "nested/v1.0", "feature/x"),
        f"{site}/blob/main/nested/v1.0/MLproject": ("nested", "nested/v1.0", "main"),
        f"{site}/blob/v1/MLproject#L3-L9": ("one", "", "v1"),
        f"{site}/-/tree/v2/nested/v1.0": ("nested", "nested/v1.0", "v2"),
        f"{site}/-/merge_requests/4": ("one", "", "refs/merge-requests/4/head"),
        f"{site}/src/branch/feature/x/nested/v1.0": ("nested", "nested/v1.0", "refs/heads/feature/x"),
        f"{site}/pull/3": ("feature", "", "refs/pull/3/head"),
        f"{site}/commit/{full}": ("two", "", full),
        f"{site}/tree/{full[:8]}": ("two", "", full[:8]),
    }
    for number, (uri, (says, inside, version)) in enumerate(pages.items()):
        snapshot, root, _ = fetch_at(uri, None, tmp_path / str(number), world)
        assert (root / inside / "train.py").read_text() == f"{says}\n", uri
        assert (snapshot.subdirectory, snapshot.version) == (inside, version), uri
        assert snapshot.repository == site
    with pytest.raises(SourceError, match="names a version of its own"):
        fetch_at(f"{site}/tree/main", "v1", tmp_path / "both", world)
    with pytest.raises(SourceError, match="Unable to checkout version 'nope'"):
        fetch_at(f"{site}/tree/nope/nested", None, tmp_path / "nope", world)


@pytest.mark.parametrize("protocol", ["0", "1", "2"])
@pytest.mark.parametrize("filters", ["true", "false"])
def test_whatever_the_server_allows(
    filters: str, protocol: str, http: Served, served: Path, work: Path, tmp_path: Path, world: World
) -> None:
    git(served / "sample.git", "config", "uploadpack.allowFilter", filters)
    (tmp_path / ".gitconfig").write_text(f"[protocol]\n\tversion = {protocol}\n")
    for number, version in enumerate(["main", "v1", git(work, "rev-parse", "feature/x")]):
        snapshot, _, _ = fetch_at(f"{http.url}/sample.git", version, tmp_path / str(number), world)
        assert snapshot.commit == git(work, "rev-parse", f"{version}^{{commit}}")
    new = commit(work, {"train.py": "four\n"})
    git(work, "push", "--quiet", str(served / "sample.git"), "main")
    assert fetch_at(f"{http.url}/sample.git", "main", tmp_path / "new", world).snapshot.commit == new
    assert (tmp_path / "new" / "train.py").read_text() == "four\n"


def test_a_server_without_the_smart_protocol(http: Served, served: Path, code: Path, world: World) -> None:
    git(served / "sample.git", "update-server-info")
    snapshot, root, _ = fetch_at(f"{http.url}/dumb/sample.git", "main", code, world)
    assert (root / "train.py").read_text() == "three\n"
    assert snapshot.branch == "main"


def test_a_server_that_is_shallow_itself(http: Served, served: Path, work: Path, code: Path, world: World) -> None:
    git(work, "clone", "--quiet", "--bare", "--depth=1", f"file://{work}", str(served / "shallow.git"))
    git(served / "shallow.git", "config", "uploadpack.allowFilter", "true")
    _, root, _ = fetch_at(f"{http.url}/shallow.git", "main", code, world)
    assert (root / "train.py").read_text() == "three\n"
    assert git(root, "log", "--format=%s") == "three"


def test_a_pinned_commit_needs_no_server_and_little_time(
    served: Path, work: Path, tmp_path: Path, world: World
) -> None:
    full = git(work, "rev-parse", "v2")
    with serve_http(served) as server:
        uri = f"{server.url}/sample.git"
        first = fetch_at(uri, full, tmp_path / "first", world).snapshot
        asked = len(server.requests)
        fetch_at(uri, full, tmp_path / "second", world)
        assert len(server.requests) == asked
    times = []
    for number in range(5):
        start = time.perf_counter()
        snapshot, root, _ = fetch_at(uri, full, tmp_path / str(number), world)
        times.append(time.perf_counter() - start)
        assert snapshot == first
        assert (root / "train.py").read_text() == "two\n"
    assert fetch_at(uri, full[:9], tmp_path / "short", world).snapshot.commit == full
    assert min(times) < 0.06
    with pytest.raises(SourceError, match="cannot be reached"):
        fetch_at(uri, git(work, "rev-parse", "v1^{commit}"), tmp_path / "contents", world)
    with pytest.raises(SourceError, match="cannot be reached"):
        fetch_at(uri, "main", tmp_path / "branch", world)


def test_a_pinned_commit_starts_four_programs(http: Served, work: Path, tmp_path: Path, home: Home) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    real = subprocess.check_output(["which", "git"], text=True).strip()
    (tools / "git").write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\nexec {real} "$@"\n')
    (tools / "git").chmod(0o755)
    world = make_world(tmp_path, home, PATH=f"{tools}:{os.environ['PATH']}")
    full = git(work, "rev-parse", "v2")
    fetch_at(f"{http.url}/sample.git", full, tmp_path / "1", world)
    (tmp_path / "calls").unlink()
    fetch_at(f"{http.url}/sample.git", full, tmp_path / "2", world)
    assert len((tmp_path / "calls").read_text().splitlines()) == 4


def test_submodules_of_a_server(http: Served, served: Path, work: Path, tmp_path: Path, world: World) -> None:
    library = make_repository(tmp_path / "library")
    git(tmp_path, "clone", "--quiet", "--bare", str(library), str(served / "library.git"))
    git(work, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "lib")
    text = (work / ".gitmodules").read_text().replace(str(library), "../library.git")
    pinned = commit(work, {".gitmodules": text})
    git(work, "push", "--quiet", str(served / "sample.git"), "main")
    _, root, _ = fetch_at(f"{http.url}/sample.git", "main", tmp_path / "1", world)
    assert (root / "lib" / "train.py").read_text() == "three\n"
    assert git(root / "lib", "config", "remote.origin.url") == f"{http.url}/library.git"
    asked = len(http.requests)
    fetch_at(f"{http.url}/sample.git", pinned, tmp_path / "2", world)
    assert len(http.requests) == asked


def test_a_submodule_may_not_name_a_path_of_this_machine(
    http: Served, served: Path, work: Path, code: Path, world: World
) -> None:
    git(work, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(work), "lib")
    commit(work, {})
    git(work, "push", "--quiet", str(served / "sample.git"), "main")
    with pytest.raises(SourceError, match="a path on this machine"):
        fetch_at(f"{http.url}/sample.git", "main", code, world)


FETCH = """
import os, sys
from pathlib import Path
from reenact.home import find_home
from reenact.report import Silence
from reenact.sources import fetch, parse_uri
from reenact.world import World
uri, code = sys.argv[1:]
world = World(find_home(os.environ), os.environ, Path.cwd(), Silence())
print(fetch(parse_uri(uri), Path(code), world).snapshot.commit)
"""


def start_fetch(uri: str, code: Path, world: World) -> subprocess.Popen[str]:
    environ = {**world.environ, "REENACT_HOME": str(world.home.root)}
    command = [sys.executable, "-c", FETCH, uri, str(code)]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True, process_group=0)


def test_two_processes_fetch_the_same_repository_at_once(http: Served, tmp_path: Path, world: World) -> None:
    uri = f"{http.url}/sample.git"
    http.gate.clear()
    running = [start_fetch(uri, tmp_path / str(number), world) for number in range(3)]
    while not any(is_held(path) for path in world.home.repositories.glob("*.lock")):
        time.sleep(0.01)
    http.gate.set()
    commits = {process.communicate()[0] for process in running}
    assert {process.returncode for process in running} == {0}
    assert len(commits) == 1
    assert [(tmp_path / str(number) / "train.py").read_text() for number in range(3)] == ["three\n"] * 3
    assert len([path for path in world.home.repositories.iterdir() if path.suffix == ".git"]) == 1


@pytest.mark.parametrize("existing", [False, True], ids=["first", "later"])
def test_a_fetch_that_is_killed_leaves_nothing_that_counts(
    existing: bool, http: Served, served: Path, work: Path, tmp_path: Path, world: World
) -> None:
    uri = f"{http.url}/sample.git"
    if existing:
        fetch_at(uri, None, tmp_path / "before", world)
        commit(work, {"train.py": "three\n", "new": "x"})
        git(work, "push", "--quiet", str(served / "sample.git"), "main")
    http.gate.clear()
    process = start_fetch(uri, tmp_path / "killed", world)
    asked = len(http.requests)
    while not any("upload-pack" in line and line.startswith("POST") for line in http.requests[asked:]):
        time.sleep(0.01)
    while not any(is_held(path) for path in world.home.repositories.glob("*.lock")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert bool(list(world.home.repositories.glob("*.git"))) is existing
    http.gate.set()
    snapshot, root, _ = fetch_at(uri, None, tmp_path / "good", world)
    assert snapshot.commit == git(work, "rev-parse", "main")
    assert (root / "train.py").read_text() == "three\n"
    assert {path.suffix for path in world.home.repositories.iterdir()} == {".git", ".lock"}


def test_progress_is_told(http: Served, code: Path, world: World) -> None:
    fetch_at(f"{http.url}/sample.git", None, code, world)
    steps = [text for kind, text in told(world) if kind == "step"]
    assert any("fetching" in text and "%" in text for text in steps)
