"""Each cause for which a conda environment cannot be made: named in the first line, with the log and the step."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from reenact.environments.conda.failure import explain_channel, explain_link
from tests.environments.conda.channel import PLACEHOLDER, File, Recipe, index_channel, write_package
from tests.environments.conda.serving import Quiet, serve
from tests.environments.failing import Failed, run_to_fail

STEP = "reenact env restore "
RUNS = "entry_points: {main: {command: 'true'}}\nconda_env: conda.yaml\n"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A channel: a large package, one for machines that this is none of, one that needs what nobody has."""
    folder = tmp_path / "channel"
    write_package(
        folder, Recipe("thing", "1.0", {"share/thing": File(b"right"), "share/bulk": File(os.urandom(1 << 21))})
    )
    write_package(folder, Recipe("driven", "1.0", {"share/d": File(b"d")}, depends=("__nothing >=3",)))
    write_package(folder, Recipe("user", "1.0", {"share/u": File(b"u")}, depends=("thing >=2",)))
    write_package(folder, Recipe("built", "1.0", {"share/b": File(b"b")}, build="py36_0"))
    index_channel(folder)
    return folder


@pytest.fixture
def at(tmp_path: Path) -> Path:
    return tmp_path / "home"


def fail(project: Path, home: Path, channel: str, *packages: str, limit: str = "", **environ: str) -> Failed:
    lines = "".join(f"  - {package}\n" for package in packages)
    (project / "conda.yaml").write_text(f"channels:\n  - {channel}\ndependencies:\n{lines}")
    (project / "MLproject").write_text(RUNS)
    return run_to_fail(project, home, "--env-manager", "conda", limit=limit, **environ)


@pytest.mark.parametrize(
    ("package", "cause"),
    [
        ("user", "no channel has thing >=2"),
        ("absent", "no channel has absent"),
        ("driven", "no channel has __nothing >=3"),
        ("built=1.0=py311_0", "no channel has built ==1.0"),
        ("thing>=2", "no channel has thing >=2"),
    ],
)
def test_a_solver_that_cannot(project_dir: Path, own: Path, at: Path, package: str, cause: str) -> None:
    failed = fail(project_dir, at, own.as_uri(), package)
    failed.expect("solving failed: ", "  rattler: ", STEP)
    assert cause.replace("==", "")[:15] in failed.first.replace("==", "")
    assert f"asked for: {package}" in failed.log
    assert failed.first in failed.repeat(at)


def test_a_channel_that_is_down(project_dir: Path, at: Path) -> None:
    with socket.socket() as taken:
        # Nobody listens there, and nobody else can begin to.
        taken.bind(("127.0.0.1", 0))
        failed = fail(project_dir, at, f"http://127.0.0.1:{taken.getsockname()[1]}/channel", "thing")
    failed.expect("a channel cannot be reached", "  rattler: ", STEP)


def test_a_channel_that_is_not_there(project_dir: Path, own: Path, at: Path) -> None:
    failed = fail(project_dir, at, f"{own.as_uri()}-not", "thing")
    failed.expect("a channel does not exist", "  rattler: ", STEP)


def test_the_channel_that_fails_is_the_one_that_is_named(project_dir: Path, own: Path, at: Path) -> None:
    missing = f"{own.as_uri()}-not"
    failed = fail(project_dir, at, f"{own.as_uri()}\n  - {missing}", "thing")
    assert failed.first.endswith(f"a channel does not exist ({missing})")
    package = f"{own.as_uri()}/noarch/gone-1-0.conda"
    failed = fail(project_dir, at.with_name("other"), own.as_uri(), package)
    assert failed.first.endswith(f"a package does not exist ({package})")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [(b"<html>please log in</html>", "a channel's index is damaged"), (None, "a channel fails: 503")],
)
def test_an_index_that_is_none(project_dir: Path, own: Path, at: Path, answer: bytes | None, cause: str) -> None:
    class Channel(Quiet):
        def do_GET(self) -> None:  # noqa: N802
            if answer is None or not self.path.endswith("repodata.json"):
                self.send_error(404 if answer else 503)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        do_HEAD = do_GET  # noqa: N815

    with serve(own, Channel) as address:
        failed = fail(project_dir, at, address, "thing")
        assert cause in failed.first
    assert failed.first.endswith(f"({address})")


def test_a_hash_that_does_not_match(project_dir: Path, own: Path, at: Path) -> None:
    # The index tells of another file than the one that is there.
    write_package(own, Recipe("thing", "1.0", {"share/thing": File(b"wrong")}))
    failed = fail(project_dir, at, own.as_uri(), "thing")
    failed.expect("thing-1.0-0.conda is not the one that was locked (hash mismatch)", "  locked: sha256 ", STEP)
    assert not list(at.glob("environments/*/share"))
    assert failed.first in failed.repeat(at)


@pytest.fixture(params=["cut", "503", "404"])
def failing_channel(request: pytest.FixtureRequest, own: Path) -> Iterator[tuple[str, str]]:
    """The channel over http, and how it fails to give a package."""

    class Channel(Quiet):
        def do_GET(self) -> None:  # noqa: N802
            if not self.path.endswith(".conda"):
                super().do_GET()
            elif request.param != "cut":
                self.send_error(int(request.param))
            else:
                data = (own / self.path.lstrip("/")).read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[:100])

    with serve(own, Channel) as address:
        yield address, request.param


def test_a_download_that_goes_wrong(project_dir: Path, failing_channel: tuple[str, str], at: Path) -> None:
    address, how = failing_channel
    causes = {
        "cut": "a download ended in the middle",
        "503": "a channel fails: 503",
        "404": "a package that was locked is not in its channel any more",
    }
    failed = fail(project_dir, at, address, "thing")
    failed.expect(causes[how], "rattler: ", STEP)
    assert not list(at.glob("environments/*/conda-meta"))


def test_a_name_or_a_port_is_no_cause() -> None:
    gone = "failed to fetch python-xxhash-3.conda\nHTTP status client error (404 Not Found) for url (http://h:4031/c)"
    assert "not in its channel any more" in explain_link(gone, "installing").message.partition("\n")[0]
    down = "error sending request for url (http://h:40312/c/linux-64/repodata.json)"
    assert "a channel cannot be reached" in explain_channel(down, ["http://h:40312/c"]).message.partition("\n")[0]
    full = "failed to download http://h/c/noarch/repodata.json\nCaused by: No space left on device (os error 28)"
    assert explain_channel(full, ["http://h/c"]).message.startswith("solving failed: the disk is full (")


def test_a_home_that_is_too_deep(project_dir: Path, own: Path, at: Path) -> None:
    inside = f"at {PLACEHOLDER}\0".encode()
    write_package(own, Recipe("knows", "1.0", {"bin/knows": File(inside, 0o755)}))
    index_channel(own)
    failed = fail(project_dir, at / ("d" * 200), own.as_uri(), "knows")
    failed.expect("the path of our home is too long for knows-1.0-0.conda", "rattler: ", STEP)
    assert "set REENACT_HOME to a shorter path" in failed.said


def test_a_full_disk(project_dir: Path, own: Path, small_disk: Path) -> None:
    failed = fail(project_dir, small_disk / "home", own.as_uri(), "thing")
    failed.expect("the disk is full", "rattler: ", STEP)
    assert not [path for path in small_disk.glob("home/environments/*") if path.is_dir()]


def test_without_enough_memory(project_dir: Path, own: Path, at: Path) -> None:
    failed = fail(project_dir, at, own.as_uri(), "thing", limit="60000")
    assert "there was not enough memory" in failed.first, failed.said
    assert failed.code == 70


@pytest.mark.parametrize(
    ("stamp", "cause"),
    [
        (None, "the channel gives no upload dates for dated 1.0, so that --as-of cannot be kept"),
        (1_650_000_000_000, "nothing that fits is from before 2020-01-02: dated 1.0"),
    ],
)
def test_dates_that_a_channel_does_not_have(
    project_dir: Path, tmp_path: Path, at: Path, stamp: int | None, cause: str
) -> None:
    folder = tmp_path / "dated"
    write_package(folder, Recipe("dated", "1.0", {"share/d": File(b"d")}))
    index_channel(folder)
    index = folder / "linux-64" / "repodata.json"
    found = json.loads(index.read_text())
    for package in found["packages.conda"].values():
        package.pop("indexed_timestamp", None)
        package.pop("timestamp", None)
        package |= {"timestamp": stamp} if stamp else {}
    index.write_text(json.dumps(found))
    (project_dir / "conda.yaml").write_text(f"channels: ['{folder.as_uri()}']\ndependencies: [dated]\n")
    (project_dir / "MLproject").write_text(RUNS)
    failed = run_to_fail(project_dir, at, "--env-manager", "conda", "--as-of", "2020-01-01")
    failed.expect(cause, "  rattler: ", STEP)
    assert "a later date" in failed.said
