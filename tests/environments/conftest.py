"""A world of each test's own, and small real packages made on the spot, so that most tests need no index."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from reenact.home import Home
from reenact.project.types import EnvironmentKey, EnvironmentSource, Project
from reenact.report import Memory
from reenact.world import World
from tests.serving import answering


@pytest.fixture
def world(home: Home, project_dir: Path) -> World:
    """The caller's variables without those that would make the tests depend on the machine's settings."""
    hostile = ("PIP_", "UV_INDEX", "UV_DEFAULT", "UV_EXTRA", "UV_FIND", "UV_OFFLINE", "PYTHONDONTWRITE")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(hostile)}
    return World(home, environ, project_dir, Memory())


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with wheels of two packages: tiny 1.0 and 2.0, and needy 1.0, which needs tiny."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    make_wheel(folder, "tiny", "1.0")
    make_wheel(folder, "tiny", "2.0")
    make_wheel(folder, "needy", "1.0", requires=("tiny",))
    return folder


def make_wheel(folder: Path, name: str, version: str, requires: tuple[str, ...] = ()) -> Path:
    """A wheel of one module that knows its version, and a script that prints it."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {each}\n" for each in requires)
    files = {
        f"{name}.py": f"version = {version!r}\ndef main():\n    print(version)\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}-version = {name}:main\n",
    }
    record = "".join(f"{each},,\n" for each in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(zipfile.ZipInfo(each), text)
    return path


def write(folder: Path, files: dict[str, str]) -> Path:
    """``folder`` with these files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def project(key: EnvironmentKey | None = None, file: str | None = None) -> Project:
    """A project whose environment is in ``file``."""
    return Project("p", environment=EnvironmentSource(key, file, declared=True))


def told(world: World, kind: str = "") -> list[str]:
    """What the world's report was told."""
    assert isinstance(world.report, Memory)
    return [text for method, text in world.report.told if kind in ("", method)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("a small file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def basic_index(wheels: Path) -> Iterator[str]:
    """A package index on loopback that wants the user ``me`` with the password ``s3cret``."""
    expected = "Basic " + base64.b64encode(b"me:s3cret").decode()

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(wheels))

        def do_GET(self) -> None:
            if self.headers.get("Authorization") != expected:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif self.path.startswith("/simple/"):
                name = self.path.strip("/").rpartition("/")[2]
                links = "".join(f'<a href="/{each.name}">{each.name}</a>' for each in wheels.glob(f"{name}-*.whl"))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(f"<!DOCTYPE html><html><body>{links}</body></html>".encode())
            else:
                super().do_GET()

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            pass

    with answering(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield f"http://{address}/simple"


RELEASES = {
    "torch-2.0-py3-none-any.whl": "2022-01-01T00:00:00Z",
    "tiny-1.0-py3-none-any.whl": "2019-01-01T00:00:00Z",
    "tiny-2.0-py3-none-any.whl": "2022-01-01T00:00:00Z",
    "needy-1.0-py3-none-any.whl": "2019-01-01T00:00:00Z",
    "dateless-1.0-py3-none-any.whl": None,
    "partly-1.0-py3-none-any.whl": "2019-01-01T00:00:00Z",
    "partly-2.0-py3-none-any.whl": None,
    "gone-1.0-py3-none-any.whl": "2020-01-01T00:00:00Z",
}
"""The files of :func:`dated_index` and the moments at which they were uploaded."""

WITHDRAWN = {"gone-1.0-py3-none-any.whl": 'it eats "data"'}
"""Which of them were withdrawn, and why (PEP 592)."""


@pytest.fixture
def dated_index(wheels: Path) -> Iterator[str]:
    """A package index on loopback that tells when each file was uploaded (PEP 700), but for two."""
    make_wheel(wheels, "dateless", "1.0")
    make_wheel(wheels, "partly", "1.0")
    make_wheel(wheels, "partly", "2.0")
    make_wheel(wheels, "gone", "1.0")
    make_wheel(wheels, "torch", "2.0")

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(wheels))

        def do_GET(self) -> None:
            if not self.path.startswith("/simple/"):
                super().do_GET()
                return
            name = self.path.strip("/").rpartition("/")[2]
            names = [file for file in RELEASES if file.startswith(f"{name}-")]
            files = [describe_file(wheels / file, RELEASES[file]) for file in names]
            page = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files}).encode()
            self.send_response(200 if files else 404)
            self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            pass

    with answering(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield f"http://{address}/simple"


def describe_file(path: Path, uploaded: str | None) -> dict[str, object]:
    """A file as an index tells of it (PEP 691)."""
    found: dict[str, object] = {"filename": path.name, "url": f"/{path.name}", "hashes": {"sha256": sha256(path)}}
    found |= {"yanked": WITHDRAWN[path.name]} if path.name in WITHDRAWN else {}
    return {**found, "upload-time": uploaded} if uploaded else found


def sha256(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
