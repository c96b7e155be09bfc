"""The container engine: which one answers.

``docker``, ``podman`` and ``nerdctl`` take the same words.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

from reenact.environments.docker.api import connect
from reenact.errors import UnsupportedError, UsageError
from reenact.hints import Any
from reenact.json_text import parse_json
from reenact.values import NamedTuple
from reenact.world import World

CHOICE = "REENACT_CONTAINER_ENGINE"
"""The variable that chooses the engine: one of :data:`ENGINES`, or the path of a program that takes their words."""

ENGINES = ("docker", "podman", "nerdctl")
"""In the order in which they are asked."""


class Engine(NamedTuple):
    """An engine that answers: its client program, and its socket where there is one on this machine.

    ``name`` is one of :data:`ENGINES`. ``remote`` says that it does not see this machine's files. ``rootless`` says
    that root inside is the caller outside.
    """

    name: str
    program: str
    socket: str | None = None
    remote: bool = False
    rootless: bool = False


class _Silent(Exception):
    """An engine that does not answer, and why."""


def find_engine(world: World) -> Engine:
    """The engine that the caller chose, else the first that answers.

    Raises:
        UnsupportedError: none answers; the message says what was looked for.
    """
    chosen = world.environ.get(CHOICE)
    silent = []
    for word in [chosen] if chosen else ENGINES:
        try:
            return _ask_engine(word, world)
        except _Silent as problem:
            silent.append(f"{word}: {problem}")
    lines = "".join(f"\n  {line}" for line in silent)
    raise UnsupportedError(
        f"this project runs in a container, and no container engine answers; looked for:{lines}",
        hint=f"start one of them, or name another with {CHOICE}; --env-manager uv or system runs without a container",
    )


def _ask_engine(word: str, world: World) -> Engine:
    program = word if "/" in word else world.find_program(word)
    if program is None or not os.access(program, os.X_OK):
        raise _Silent("there is no such program" + ("" if "/" in word else " on PATH"))
    name = next((name for name in ENGINES if name in Path(program).name), "docker")
    if name == "docker":
        return _ask_docker(program, world)
    if name == "podman":
        return _ask_podman(program, world.environ)
    engine = Engine(name, program)
    _expect_answer(engine, world)
    return engine


def _ask_docker(program: str, world: World) -> Engine:
    host = find_docker_host(world.environ)
    path = host.removeprefix("unix://")
    if path == host:
        engine = Engine("docker", program, remote=True)
        _expect_answer(engine, world)
        return engine
    _expect_socket(path)
    return Engine("docker", program, path, rootless=_is_rootless(path))


def _ask_podman(program: str, environ: Mapping[str, str]) -> Engine:
    """podman needs nobody who answers; its socket, where there is one, is faster than its client."""
    host = environ.get("CONTAINER_HOST", "")
    if host and not host.startswith("unix://"):
        return Engine("podman", program, remote=True)
    rootless = os.geteuid() != 0
    runtime = environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}") if rootless else "/run"
    for path in [host.removeprefix("unix://")] if host else [f"{runtime}/podman/podman.sock"]:
        with suppress(_Silent):
            _expect_socket(path)
            return Engine("podman", program, path, rootless=rootless)
    return Engine("podman", program, rootless=rootless)


def find_docker_host(environ: Mapping[str, str]) -> str:
    """Where Docker's client would connect: ``DOCKER_HOST``, else the current context's address, else the default."""
    if host := environ.get("DOCKER_HOST"):
        return host
    folder = Path(environ.get("DOCKER_CONFIG") or f"{environ.get('HOME', '')}/.docker")
    context = environ.get("DOCKER_CONTEXT") or _read(folder / "config.json").get("currentContext")
    if context and context != "default":
        from hashlib import sha256

        meta = _read(folder / "contexts" / "meta" / sha256(str(context).encode()).hexdigest() / "meta.json")
        host = meta.get("Endpoints", {}).get("docker", {}).get("Host")
        if not host:
            raise UsageError(f"docker has no context '{context}'", hint="see them with: docker context ls")
        return str(host)
    return "unix:///var/run/docker.sock"


def has_settings(environ: Mapping[str, str]) -> bool:
    """Whether Docker's client would tell the engine more of a container than its words say: proxies, a platform."""
    folder = Path(environ.get("DOCKER_CONFIG") or f"{environ.get('HOME', '')}/.docker")
    return "DOCKER_DEFAULT_PLATFORM" in environ or bool(_read(folder / "config.json").get("proxies"))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = parse_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_rootless(path: str) -> bool:
    """Whether the daemon runs as an ordinary user: its socket then lies in that user's own folder."""
    return os.geteuid() != 0 and re.match(rf"/run/user/{os.geteuid()}/", path) is not None


def _expect_socket(path: str) -> None:
    try:
        with closing(connect(path)):
            return
    except OSError as problem:
        raise _Silent(f"nobody answers at unix://{path}: {problem.strerror or problem}") from problem


def _expect_answer(engine: Engine, world: World) -> None:
    from reenact.environments.docker.program import run_client

    result = run_client(engine, ("info",), world)
    if not result.ok:
        lines = [line for line in result.errors.splitlines() if line.strip()]
        raise _Silent(f"'{engine.program} info' failed: {lines[-1].strip() if lines else f'code {result.code}'}")
