"""Each cause for which an environment cannot be made: named in the first line, with the log and the step to repeat."""

from __future__ import annotations

import hashlib
import http.server
import os
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reenact.environments.python.uv import find_cause
from reenact.process.tool import ToolResult
from tests.environments.conftest import make_wheel, write
from tests.environments.failing import Failed, run_to_fail
from tests.serving import answering

RESTORE = "reenact env restore "
SETUP = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "ours"
version = "1"
"""
BACKEND = """
import os, signal
def build_wheel(*_, **__):
    print("the backend begins", flush=True)
    {action}
"""


def fail(project: Path, lines: list[str], home: Path, **environ: str) -> Failed:
    text = "".join(f"  - {line!r}\n" for line in lines)
    write(project, {"MLproject": "python_env: e.yaml\nentry_points: {main: {command: 'true'}}\n"})
    write(project, {"e.yaml": f"dependencies:\n{text}"})
    return run_to_fail(project, home, limit=environ.pop("LIMIT", ""), **environ)


@pytest.fixture
def at(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_resolver_that_cannot(project_dir: Path, wheels: Path, at: Path) -> None:
    failed = fail(project_dir, ["--no-index", f"--find-links {wheels}", "tiny==1.0", "tiny==2.0"], at)
    failed.expect("the requirements exclude one another", "uv: ")
    assert "unsatisfiable" in failed.log


def test_a_wheel_for_another_interpreter(project_dir: Path, wheels: Path, at: Path) -> None:
    wheel = make_wheel(wheels, "other", "1.0")
    wheel.rename(wheel.with_name("other-1.0-cp36-cp36m-manylinux1_x86_64.whl"))
    failed = fail(project_dir, ["--no-index", f"--find-links {wheels}", "other"], at)
    failed.expect("other==1.0 has no build for this Python or platform", "other")


def test_a_lock_of_a_wheel_for_another_interpreter(project_dir: Path, wheels: Path, at: Path) -> None:
    wheel = make_wheel(wheels, "other", "1.0")
    wheel = wheel.rename(project_dir / "other-1.0-cp36-cp36m-win_amd64.whl")
    file = f'{{ path = "{wheel.name}", hashes = {{ sha256 = "{hashlib.sha256(wheel.read_bytes()).hexdigest()}" }} }}'
    package = f'[[packages]]\nname = "other"\nversion = "1.0"\nwheels = [{file}]\n'
    write(project_dir, {"pylock.toml": f'lock-version = "1.0"\ncreated-by = "someone"\n{package}'})
    write(project_dir, {"MLproject": "entry_points: {main: {command: 'true'}}\n"})
    run_to_fail(project_dir, at).expect("other has no build for this Python or platform", "other", RESTORE)


def test_a_source_that_may_not_be_built(project_dir: Path, wheels: Path, at: Path) -> None:
    make_wheel(wheels, "other", "1.0").rename(wheels / "other-1.0.tar.gz")
    lines = ["--no-index", f"--find-links {wheels}", "--only-binary :all:", "other"]
    failed = fail(project_dir, lines, at)
    failed.expect("other==1.0 has no wheel, and may not be built from its source", "other")


@pytest.fixture
def hanging_up() -> Iterator[str]:
    """An index that closes every connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close() -> None:
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=close)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_an_index_that_hangs_up(project_dir: Path, hanging_up: str, at: Path) -> None:
    failed = fail(project_dir, [f"--index-url {hanging_up}", "tiny"], at, UV_NO_CACHE="1")
    failed.expect("the package index cannot be reached", hanging_up)


def test_an_index_that_is_down(project_dir: Path, at: Path) -> None:
    with socket.socket() as taken:
        # Nobody listens there, and nobody else can begin to.
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/simple"
        failed = fail(project_dir, [f"--index-url {address}", "tiny"], at, UV_NO_CACHE="1")
    failed.expect("the package index cannot be reached", "error")


def test_a_hash_that_does_not_match(project_dir: Path, wheels: Path, at: Path) -> None:
    environ = {"UV_FIND_LINKS": str(wheels), "UV_NO_INDEX": "1"}
    write(project_dir, {"MLproject": "", "e.yaml": ""})
    wrong = "0" * 64
    failed = fail(project_dir, [f"tiny==1.0 --hash=sha256:{wrong}"], at, **environ)
    assert "hash mismatch" in failed.first
    assert "tiny 1.0" in failed.first
    assert not list(at.glob("environments/*/lib/*/site-packages/tiny*"))


def test_a_file_that_changed_after_it_was_locked(project_dir: Path, wheels: Path, at: Path) -> None:
    import shutil

    environ = {"UV_FIND_LINKS": str(wheels), "UV_NO_INDEX": "1", "UV_CACHE_DIR": str(at.parent / "cache")}
    write(project_dir, {"MLproject": "python_env: e.yaml\nentry_points: {main: {command: 'true'}}\n"})
    write(project_dir, {"e.yaml": "dependencies:\n  - 'tiny==1.0'\n"})
    base = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    around = {**base, **environ, "REENACT_HOME": str(at)}
    subprocess.run([sys.executable, "-m", "reenact", "run", "-q", str(project_dir)], env=around, check=True)
    for name in ("environments", "runs"):
        shutil.rmtree(at / name)
    shutil.rmtree(at.parent / "cache")
    with zipfile.ZipFile(wheels / "tiny-1.0-py3-none-any.whl", "a") as archive:
        archive.writestr("evil.py", "")
    failed = fail(project_dir, ["tiny==1.0"], at, **environ)
    failed.expect("a downloaded file is not the one that was locked (hash mismatch)", "Hash mismatch", step=RESTORE)
    assert not list(at.glob("environments/*/lib/*/site-packages/tiny*"))


def test_a_full_disk(project_dir: Path, wheels: Path, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"0" * 1_500_000)
    wheel = make_wheel(wheels, "bulky", "1.0")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("blob.bin", os.urandom(1_000_000))
    environ = {"UV_FIND_LINKS": str(wheels), "UV_NO_INDEX": "1", "UV_LINK_MODE": "copy"}
    failed = fail(project_dir, ["bulky"], small_disk / "home", **environ)
    assert "the disk is full" in failed.first or "No space left" in failed.first, failed.said
    assert failed.code in (70, 74)


def test_a_build_that_is_killed_for_memory(project_dir: Path, at: Path) -> None:
    write(project_dir, {"pkg/pyproject.toml": SETUP})
    write(project_dir, {"pkg/backend.py": BACKEND.format(action="os.kill(os.getpid(), signal.SIGKILL)")})
    failed = fail(project_dir, ["./pkg"], at)
    failed.expect("a build was killed: was there enough memory?", "the backend begins", step=RESTORE)


def test_a_build_without_enough_memory(project_dir: Path, at: Path) -> None:
    write(project_dir, {"pkg/pyproject.toml": SETUP})
    write(project_dir, {"pkg/backend.py": BACKEND.format(action="bytearray(1 << 50)")})
    failed = fail(project_dir, ["./pkg"], at)
    failed.expect("there was not enough memory", "MemoryError", step=RESTORE)


def test_a_build_that_says_more_than_is_kept(project_dir: Path, at: Path) -> None:
    write(project_dir, {"pkg/pyproject.toml": SETUP})
    write(
        project_dir, {"pkg/backend.py": BACKEND.format(action="print('cc: warning\\n' * 20_000); raise SystemExit(7)")}
    )
    failed = fail(project_dir, ["./pkg"], at)
    failed.expect("could not be built from its source", "cc: warning", step=RESTORE)
    assert "'ours @ " in failed.first
    assert "the backend begins" in failed.log
    assert "could not be built from its source" in failed.repeat(at), "what was made for the step is gone by then"


def test_uv_itself_without_enough_memory(project_dir: Path, wheels: Path, at: Path) -> None:
    lines = ["--no-index", f"--find-links {wheels}", "tiny"]
    failed = fail(project_dir, lines, at, LIMIT="80000")
    assert "memory" in failed.first, failed.said
    assert failed.code == 70


@pytest.fixture
def failing_index(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """An index of one wheel, and how its next answers go wrong: a list with one word."""
    wheel = make_wheel(tmp_path, "fragile", "1.0").read_bytes()
    how = ["cut"]

    class Index(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = b'<a href="/fragile-1.0-py3-none-any.whl">fragile-1.0-py3-none-any.whl</a>'
            body = page if self.path.startswith("/simple/") else wheel
            broken = how[0] == "broken" and body is wheel
            if how[0] == "503" and body is wheel:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if body is page else "application/octet-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:60] if body is wheel and how[0] == "cut" else b"x" * len(body) if broken else body)

        def do_HEAD(self) -> None:
            self.send_error(405)

        def log_message(self, *arguments: object) -> None:
            pass

    with answering(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)) as address:
        yield f"http://{address}/simple", how


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("cut", "a download ended in the middle"),
        ("503", "the package index fails: 503 Service Unavailable"),
        ("broken", "fragile-1.0-py3-none-any.whl is damaged, in the package index or on its way"),
    ],
)
def test_a_download_that_goes_wrong(
    project_dir: Path, failing_index: tuple[str, list[str]], at: Path, how: str, cause: str
) -> None:
    address, answers = failing_index
    answers[0] = how
    failed = fail(project_dir, [f"--index-url {address}", "fragile"], at, UV_NO_CACHE="1")
    failed.expect(cause, "uv: ")
    assert not list(at.glob("environments/*/lib"))


def test_causes_by_the_end_of_the_program() -> None:
    assert find_cause(ToolResult(("uv",), -9, b"", "")) == "uv was ended by signal 9 (was there enough memory?)"
    assert "memory" in find_cause(ToolResult(("uv",), -6, b"", "memory allocation of 8388608 bytes failed\n"))
    assert "memory" in find_cause(ToolResult(("uv",), -6, b"", "Resource temporarily unavailable"))
    broken = (
        "  cause: Because nothing-such was not found in the provided package\n         locations and you require it"
    )
    assert find_cause(ToolResult(("uv",), 1, b"", broken)) == "there is no package 'nothing-such' to be found"
    torn = (
        "error: Failed to download `a==1`\n  cause: Failed to extract archive: a-1-py3-none-any.whl\n  cause: Bad CRC\n"
    )
    assert find_cause(ToolResult(("uv",), 1, b"", torn)).startswith("a-1-py3-none-any.whl is damaged")
    odd = "error: No solution found\n  hint: The structure of `a` (v1.0) was invalid:\n  Failed to read from zip file\n"
    assert find_cause(ToolResult(("uv",), 1, b"", odd)) == "the package index has a damaged file of 'a'"
    assert find_cause(ToolResult(("uv",), 3, b"", "something else")) == "uv ended with code 3"
    newer = (
        "error: Failed to parse `uv.lock`, which uses an unsupported schema version (v99, but only v1 is supported)."
    )
    assert find_cause(ToolResult(("uv",), 2, b"", newer)) == "uv.lock is of a version that this uv does not read (v99)"
    assert find_cause(ToolResult(("uv",), 2, b"", "error: Failed to parse `a/uv.lock`\n")) == "a/uv.lock is damaged"
