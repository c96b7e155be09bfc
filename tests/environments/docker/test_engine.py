"""Which engine answers, and what is said where none does."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from reenact.environments.docker.engine import CHOICE, Engine, find_docker_host, find_engine
from reenact.errors import UnsupportedError, UsageError
from reenact.home import Home
from reenact.world import World
from tests.environments.docker.engines import list_containers, tell
from tests.serving import answering

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Write = Callable[..., Path]


def looked_for(world: World, **environ: str) -> str:
    with pytest.raises(UnsupportedError) as caught:
        find_engine(world._replace(environ=environ))
    assert CHOICE in str(caught.value.hint)
    return caught.value.message


def test_without_an_engine_what_was_looked_for_is_named(world: World, tmp_path: Path) -> None:
    message = looked_for(world, PATH=str(tmp_path))
    for name in ("docker", "podman", "nerdctl"):
        assert f"{name}: there is no such program on PATH" in message


def test_an_engine_that_is_silent_is_named_with_its_reason(world: World, tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    dead = tmp_path / "dead.sock"
    message = looked_for(world, PATH=str(tmp_path), DOCKER_HOST=f"unix://{dead}")
    assert f"docker: nobody answers at unix://{dead}: No such file or directory" in message
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(dead))
    message = looked_for(world, PATH=str(tmp_path), DOCKER_HOST=f"unix://{dead}")
    assert "Connection refused" in message


def test_a_chosen_engine_is_the_only_one_that_is_asked(world: World, engine: Engine) -> None:
    chosen = {**world.environ, CHOICE: engine.program}
    assert find_engine(world._replace(environ=chosen)) == engine
    message = looked_for(world, **{**world.environ, CHOICE: "/nowhere/docker"})
    assert "/nowhere/docker: there is no such program" in message
    assert "podman" not in message


def test_the_current_context_is_followed(tmp_path: Path) -> None:
    assert find_docker_host({"HOME": str(tmp_path)}) == "unix:///var/run/docker.sock"
    assert find_docker_host({"HOME": str(tmp_path), "DOCKER_HOST": "tcp://x"}) == "tcp://x"
    meta = tmp_path / ".docker/contexts/meta" / sha256(b"far").hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": "far", "Endpoints": {"docker": {"Host": "ssh://far"}}}))
    assert find_docker_host({"HOME": str(tmp_path), "DOCKER_CONTEXT": "far"}) == "ssh://far"
    (tmp_path / ".docker/config.json").write_text(json.dumps({"currentContext": "far"}))
    assert find_docker_host({"HOME": str(tmp_path)}) == "ssh://far"
    with pytest.raises(UsageError, match="no context 'none'"):
        find_docker_host({"HOME": str(tmp_path), "DOCKER_CONTEXT": "none"})


@pytest.fixture
def far(engine: Engine, environ: dict[str, str]) -> Iterator[None]:
    """The engine as if it were on another machine: behind TCP."""
    if engine.socket is None or engine.name != "docker":
        pytest.skip("the engine has no socket to stand in for another machine's")
    path: str = engine.socket

    class Forward(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as behind:
                behind.connect(path)
                back = threading.Thread(target=copy, args=(behind, self.request))
                back.start()
                copy(self.request, behind)
                back.join()

    def copy(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return  # One side has gone.

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with answering(Server(("127.0.0.1", 0), Forward)) as address:
        environ["DOCKER_HOST"] = f"tcp://{address}"
        yield


def test_an_engine_on_another_machine_gets_copies(
    far: None, write_project: Write, run: Run, project_dir: Path, tmp_path: Path, home: Home, engine: Engine
) -> None:
    write_project(
        "cat deep/x.txt {data}; id -u; stat -c %u deep/x.txt; echo > made; echo out > $REENACT_RUN_DIR/artifacts/made",
        {"data": "path"},
    )
    (project_dir / "deep").mkdir()
    (project_dir / "deep/x.txt").write_text("code ")
    (tmp_path / "in.txt").write_text("input ")
    done = run("-q", "-P", f"data=file://{tmp_path}/in.txt")
    user = str(os.geteuid())
    assert done.stdout.split() == ["code", "input", user, user], done.stderr
    (folder,) = home.runs.iterdir()
    assert (folder / "artifacts/made").read_text() == "out\n"
    assert not (project_dir / "made").exists()
    assert list_containers(engine, folder.name) == []


def test_a_container_that_has_the_name_already_stays(
    far: None, write_project: Write, run: Run, engine: Engine, image: str
) -> None:
    name = f"reenact-test-{os.getpid()}-far"
    tell(engine, "create", "--name", name, image, "true")
    try:
        write_project("echo ran")
        done = run("-A", f"name={name}")
        assert done.returncode == 70
        assert "already in use" in done.stderr
        assert tell(engine, "ps", "--all", "--quiet", "--filter", f"name={name}") != ""
    finally:
        tell(engine, "rm", name)
    assert run("-q", "-A", f"name={name}").stdout == "ran\n"
    assert tell(engine, "ps", "--all", "--quiet", "--filter", f"name={name}") == ""


def test_an_engine_on_another_machine_is_not_promised_what_only_this_one_has(
    far: None, write_project: Write, run: Run, tmp_path: Path
) -> None:
    write_project("cat {data}", {"data": "path"})
    (tmp_path / "in.txt").write_text("x")
    done = run("-P", f"data={tmp_path / 'in.txt'}")
    assert done.returncode == 69
    assert "the container engine is on another machine and does not see" in done.stderr
