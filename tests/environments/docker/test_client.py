"""Our own client of the engine, where no container is needed; what it does with one is in test_run and test_ending."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from itertools import chain, repeat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.environments.docker.client import copy_streams, make_request
from reenact.environments.docker.mounts import Mount
from reenact.environments.docker.parts import Parts
from reenact.environments.docker.words import render_run

PARTS = Parts(name="n", image="sha256:1", words=("sh", "-c", "true"), folder="/x", run="r")

frames = st.lists(st.tuples(st.sampled_from((1, 2)), st.binary(max_size=300)), max_size=20)


def render_frame(stream: int, text: bytes) -> bytes:
    return bytes((stream, 0, 0, 0)) + len(text).to_bytes(4, "big") + text


@given(frames, st.lists(st.integers(1, 400), max_size=50))
def test_frames_are_put_together_however_they_arrive(sent: list[tuple[int, bytes]], sizes: list[int]) -> None:
    data = b"".join(render_frame(*frame) for frame in sent)
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    arriving = iter([*filter(None, pieces), *([data] if data else []), b""])
    came: dict[int, bytes] = {1: b"", 2: b""}

    def write(target: int, text: bytes) -> None:
        came[target] += text

    copy_streams(b"", lambda: next(arriving), write)
    assert came == {number: b"".join(text for stream, text in sent if stream == number) for number in (1, 2)}


def test_a_request_says_all_that_was_asked_for() -> None:
    parts = PARTS._replace(
        entrypoint="sh",
        words=("-c", "true"),
        variables={"A": "two\nlines"},
        mounts=(Mount("/a", "/b"), Mount("/run", "/run", own=True)),
        volumes=("/v:/w:ro",),
        user="1:2",
        network="none",
        hosts=("me:host-gateway",),
        closed=True,
    )
    request, body = map(json.loads, make_request("/socket", parts).splitlines())
    assert request == {"socket": "/socket", "name": "n", "terminal": False}
    host = body["HostConfig"]
    assert (body["Entrypoint"], body["Cmd"], body["Env"]) == (["sh"], ["-c", "true"], ["A=two\nlines"])
    assert (body["User"], body["WorkingDir"], body["Labels"]) == ("1:2", "/x", {"reenact.run": "r"})
    assert [(mount["Source"], mount["ReadOnly"]) for mount in host["Mounts"]] == [("/a", True), ("/run", False)]
    assert (host["Binds"], host["NetworkMode"], host["ExtraHosts"]) == (["/v:/w:ro"], "none", ["me:host-gateway"])
    assert (host["ReadonlyRootfs"], host["Tmpfs"]) == (True, {"/tmp": "exec,mode=1777"})


def test_a_closed_container_has_a_folder_for_temporary_files_unless_that_is_mounted() -> None:
    closed = PARTS._replace(closed=True)
    shown = closed._replace(mounts=(Mount("/tmp", "/tmp"),))
    for parts, folders in ((PARTS, {}), (closed, {"/tmp": "exec,mode=1777"}), (shown, {})):
        _, body = map(json.loads, make_request("/socket", parts).splitlines())
        assert body["HostConfig"]["Tmpfs"] == folders
        assert ("--tmpfs" in render_run(parts, ())) is bool(folders)


CREATED = b'HTTP/1.0 201 Created\r\n\r\n{"Id": "1"}'
JOINED = b"HTTP/1.1 101 UPGRADED\r\n\r\n"
WAITING = b"HTTP/1.0 200 OK\r\n\r\n"
WARNED = b'HTTP/1.0 201 Created\r\n\r\n{"Id": "1", "Warnings": ["another platform"]}'
STARTED = b"HTTP/1.0 204 No Content\r\n\r\n"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([b"220 no HTTP here\r\n"], "does not speak HTTP"),
        ([b'HTTP/1.0 409 Conflict\r\n\r\n{"message": "the name is taken"}'], "docker: the name is taken"),
        ([b"HTTP/1.0 201 Created\r\n\r\n[]"], "docker: the engine's answer makes no sense"),
        ([b"HTTP/1.0 500 Oh\r\n\r\nno JSON"], "docker: the engine answered 500"),
        ([CREATED, b"HTTP/1.1 404 Gone\r\n\r\n", WAITING], "does not let us join the container: HTTP/1.1 404 Gone"),
        ([CREATED, b"", WAITING], "docker: the engine ended the conversation"),
        ([CREATED, JOINED, WAITING, STARTED], "docker: the engine went away before the container had ended"),
        ([WARNED, b""], "WARNING: another platform\ndocker: the engine ended the conversation"),
    ],
)
def test_an_engine_that_fails(tmp_path: Path, answers: list[bytes], said: str) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        asked: list[bytes] = []

        def serve() -> None:
            # Whatever else is asked, until the client has ended, is heard and gets no answer.
            for answer in chain(answers, repeat(b"")):
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(1 << 16))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        done = run_client(path)
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert done.returncode == 125
    assert said in done.stderr
    # What was made is not left to itself.
    assert (answers[0] in (CREATED, WARNED)) == any(
        request.startswith(b"DELETE /containers/1?force=1") for request in asked
    )
    assert done.stderr.count("\n") == said.count("\n") + 1


def run_client(path: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "reenact.environments.docker.client", "/dev/stdin"]
    text = make_request(str(path), PARTS).decode()
    return subprocess.run(argv, input=text, text=True, capture_output=True, check=False)


def test_nobody_answers(tmp_path: Path) -> None:
    path = tmp_path / "nobody"
    done = run_client(path)
    assert (done.returncode, done.stderr) == (
        125,
        f"docker: nobody answers at unix://{path}: No such file or directory\n",
    )
