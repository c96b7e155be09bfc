"""Downloads from real servers on loopback, from folders, and through fsspec."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from reenact.downloads import fetch, web
from reenact.downloads.address import render_address
from reenact.errors import SourceError, StorageError, UnsupportedError
from reenact.home import Home
from reenact.plan import Download
from reenact.report import Memory
from reenact.world import World
from tests.serving import answering

BODY = bytes(range(256)) * 3000


class Handler(BaseHTTPRequestHandler):
    """A server with every kind of answer; ``seen`` are the requests' paths and Authorization headers."""

    protocol_version = "HTTP/1.1"

    def __init__(self, seen: list[tuple[str, str | None]], elsewhere: str, *args: Any) -> None:
        self.seen = seen
        self.elsewhere = elsewhere
        super().__init__(*args)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        pass

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Authorization"]))
        path = self.path.partition("?")[0]
        if path.startswith("/redirect-"):
            targets = {
                "here": "/data.csv",
                "file": "file:///etc/hostname",
                "loop": "/redirect-loop",
                "ftp": "ftp://127.0.0.1/x",
                "away": self.elsewhere,
            }
            self.answer(302, b"", ("Location", targets[path.removeprefix("/redirect-")]))
        elif path == "/data.csv":
            self.answer(200, BODY)
        elif path == "/empty.csv":
            self.answer(200, b"")
        elif path == "/locked":
            self.answer(401, b"")
        elif path == "/short.csv":
            self.answer(200, BODY[:1000], ("Content-Length", str(len(BODY))))
            self.close_connection = True
        elif path == "/chunked-short":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"400\r\nonly this")
            self.close_connection = True
        elif path == "/stalls":
            self.answer(200, b"a", ("Content-Length", "10"))
            time.sleep(1.5)
        else:
            self.answer(404, b"nothing")

    def answer(self, code: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(code)
        sent = dict(headers)
        sent.setdefault("Content-Length", str(len(body)))
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(elsewhere: str = "") -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    seen: list[tuple[str, str | None]] = []
    with answering(ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, seen, elsewhere))) as address:
        yield address, seen


@pytest.fixture
def world(home: Home, tmp_path: Path) -> World:
    return World(home, {}, tmp_path, Memory())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def download(uri: str) -> Download:
    return Download("data", uri, "inputs/data/it")


def assert_nothing_left(folder: Path) -> None:
    assert [path for path in folder.rglob("*") if not path.is_dir()] == []


def test_a_file_comes_from_the_web(world: World, folder: Path) -> None:
    with serving() as (host, _):
        fetch(download(f"http://{host}/data.csv"), folder, world)
    assert (folder / "inputs/data/it").read_bytes() == BODY
    assert os.listdir(folder / "inputs/data") == ["it"]
    assert isinstance(world.report, Memory)
    assert ("step", f"downloading http://{host}/data.csv") in world.report.told


def test_an_empty_file_is_a_file(world: World, folder: Path) -> None:
    with serving() as (host, _):
        fetch(download(f"http://{host}/empty.csv"), folder, world)
    assert (folder / "inputs/data/it").read_bytes() == b""


def test_what_is_there_is_not_fetched_again(world: World, folder: Path) -> None:
    with serving() as (host, seen):
        for _ in range(2):
            fetch(download(f"http://{host}/data.csv"), folder, world)
        assert len(seen) == 1


def test_what_a_killed_download_left_behind_is_not_kept(world: World, folder: Path) -> None:
    left = folder / "inputs/data/.it.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half of something else that was longer" * 100000)
    with serving() as (host, _):
        fetch(download(f"http://{host}/data.csv"), folder, world)
    assert (folder / "inputs/data/it").read_bytes() == BODY
    assert not left.exists()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/gone.csv", "404 Not Found"),
        ("/locked", "401 Unauthorized"),
        ("/short.csv", "1,000 of 768,000 bytes"),
        ("/chunked-short", "ended before all had come"),
        ("/redirect-file", "to no web address"),
        ("/redirect-ftp", "to no web address"),
        ("/redirect-loop", "redirects for ever"),
    ],
)
def test_a_failed_download_says_so_and_leaves_nothing(path: str, message: str, world: World, folder: Path) -> None:
    with serving() as (host, _), pytest.raises(SourceError, match=message) as caught:
        fetch(download(f"http://{host}{path}?token=hunter2"), folder, world)
    assert caught.value.message.startswith("parameter 'data': ")
    assert "hunter2" not in caught.value.message + str(caught.value.hint)
    assert_nothing_left(folder)


def test_a_redirection_is_followed(world: World, folder: Path) -> None:
    with serving() as (host, _):
        fetch(download(f"http://{host}/redirect-here"), folder, world)
    assert (folder / "inputs/data/it").read_bytes() == BODY


def test_credentials_go_to_the_server_named_and_to_no_other(world: World, folder: Path) -> None:
    with serving() as (other, others), serving(f"http://{other}/data.csv") as (host, seen):
        fetch(download(f"http://me:p%40ss@{host}/redirect-away"), folder, world)
    assert seen == [("/redirect-away", "Basic " + base64.b64encode(b"me:p@ss").decode())]
    assert others == [("/data.csv", None)]
    assert isinstance(world.report, Memory)
    assert not any("p%40ss" in text or "p@ss" in text for _, text in world.report.told)


def test_a_server_that_stops_sending_is_given_up(world: World, tmp_path: Path) -> None:
    with serving() as (host, _), pytest.raises(SourceError, match=r"nothing came for 0\.2 seconds"):
        web.fetch(f"http://{host}/stalls", tmp_path / "file", world, timeout=0.2)


def test_nobody_answers(world: World, folder: Path) -> None:
    with serving() as (host, _):
        pass
    with pytest.raises(SourceError, match="refused"):
        fetch(download(f"http://{host}/data.csv"), folder, world)


@pytest.mark.parametrize("no_proxy", ["", "127.0.0.1"])
def test_the_callers_proxy_is_used_unless_the_host_is_excepted(no_proxy: str, world: World, folder: Path) -> None:
    with serving() as (proxy, asked), serving() as (host, seen):
        environ = {"http_proxy": f"http://{proxy}", "NO_PROXY": no_proxy}
        wanted = download(f"http://{host}/data.csv")
        if no_proxy:
            fetch(wanted, folder, world._replace(environ=environ))
        else:
            with pytest.raises(SourceError, match="404"):
                fetch(wanted, folder, world._replace(environ=environ))
    assert (len(asked), len(seen)) == ((0, 1) if no_proxy else (1, 0))


def test_a_secret_address_is_read_from_its_variable(world: World, folder: Path) -> None:
    with serving() as (host, _):
        world = world._replace(environ={"REENACT_SECRET_DATA": f"http://{host}/data.csv"})
        fetch(download("$REENACT_SECRET_DATA"), folder, world)
        assert (folder / "inputs/data/it").read_bytes() == BODY
    with pytest.raises(SourceError, match="secret"):
        fetch(download("$REENACT_SECRET_OTHER")._replace(target="inputs/other"), folder, world)


def test_a_file_address_is_copied(world: World, folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "a b%.csv"
    source.write_bytes(BODY)
    fetch(download(f"file://{tmp_path}/a%20b%25.csv"), folder, world)
    assert (folder / "inputs/data/it").read_bytes() == BODY
    assert not (folder / "inputs/data/it").is_symlink()


def test_a_folder_address_is_copied_with_its_links(world: World, folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "sub/a.csv").write_text("1")
    (source / "link").symlink_to("sub/a.csv")
    fetch(download(f"file:{source}"), folder, world)
    assert (folder / "inputs/data/it/sub/a.csv").read_text() == "1"
    assert os.readlink(folder / "inputs/data/it/link") == "sub/a.csv"


def test_a_file_address_that_cannot_be_copied(world: World, folder: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for uri, message in {
        f"file://{tmp_path}/nothing": "no such file",
        f"file://{tmp_path}/pipe": "no such file",
        "file://elsewhere/etc/hostname": "another machine",
    }.items():
        with pytest.raises(SourceError, match=message):
            fetch(download(uri), folder, world)
    assert_nothing_left(folder)


def test_fsspec_brings_files_and_folders(world: World, folder: Path) -> None:
    import fsspec  # type: ignore[import-untyped]

    store = fsspec.filesystem("memory")
    store.pipe({"/bucket/a.csv": b"1,2\n", "/bucket/sub/b.csv": b"3\n"})
    fetch(download("memory://bucket/a.csv"), folder, world)
    fetch(download("memory://bucket")._replace(target="inputs/all"), folder, world)
    store.rm("/bucket", recursive=True)
    assert (folder / "inputs/data/it").read_bytes() == b"1,2\n"
    assert (folder / "inputs/all/sub/b.csv").read_bytes() == b"3\n"
    with pytest.raises(SourceError, match="no such file"):
        fetch(download("memory://bucket/gone.csv")._replace(target="inputs/gone"), folder, world)


@pytest.mark.parametrize(
    ("uri", "message", "hint"),
    [
        ("s3://bucket/key", "need s3fs", "reenact[remote]"),
        ("gs://bucket/key", "need gcsfs", "reenact[remote]"),
        ("abfs://box@account/key", "need adlfs", "reenact[remote]"),
        ("nonsense://x/y", "nobody knows", "known are http, https, file"),
        ("runs:/0123/model", "tracking server", "local path"),
    ],
)
def test_a_scheme_without_its_driver_names_what_to_install(
    uri: str, message: str, hint: str, world: World, folder: Path
) -> None:
    with pytest.raises(UnsupportedError, match=message) as caught:
        fetch(download(uri), folder, world)
    assert caught.value.hint is not None
    assert hint in caught.value.hint


def test_a_full_or_forbidden_folder_is_our_storage(world: World, folder: Path) -> None:
    (folder / "inputs").write_text("in the way")
    with serving() as (host, _), pytest.raises(StorageError):
        fetch(download(f"http://{host}/data.csv"), folder, world)


def test_a_target_outside_the_run_folder_is_refused(world: World, folder: Path) -> None:
    for target in ("../x", "/etc/x", "inputs/../../x"):
        with pytest.raises(SourceError, match="outside"):
            fetch(Download("data", "file:///etc/hostname", target), folder, world)


def test_an_address_is_shown_without_anything_secret() -> None:
    assert render_address("https://me:pw@host:8/a/b.csv?sig=s#f") == "https://host:8/a/b.csv?..."
    assert render_address("s3://key:secret@bucket/a@b") == "s3://bucket/a@b"
    assert render_address("runs:/1/x") == "runs:/1/x"
