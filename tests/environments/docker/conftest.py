"""Runs of ``reenact`` as a person starts them, in a real engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from reenact.environments.docker.engine import Engine
from tests.environments.docker.engines import get_base_image, get_engine


@pytest.fixture
def engine() -> Engine:
    """The engine that answers; without one the test is skipped."""
    return get_engine()


@pytest.fixture
def image(engine: Engine) -> str:
    """An image with Python, bash and the usual tools."""
    return get_base_image(engine)


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def write_project(project_dir: Path, image: str) -> Callable[..., Path]:
    """Writes a project of one command that runs in the image; ``container`` are more keys of ``docker_env``."""

    def write(
        command: str, parameters: Mapping[str, object] | None = None, *, name: str = "", **container: object
    ) -> Path:
        given = {"image": name or image, **container}
        file = {
            "name": "p",
            "docker_env": {key: value for key, value in given.items() if value is not None},
            "entry_points": {"main": {"command": command, "parameters": dict(parameters or {})}},
        }
        (project_dir / "MLproject").write_text(json.dumps(file))
        return project_dir

    return write


@pytest.fixture
def environ() -> dict[str, str]:
    """The variables of the caller, without those by which MLflow is governed."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}


@pytest.fixture(params=["our client", "the engine's client"])
def start(request: pytest.FixtureRequest, environ: dict[str, str], project_dir: Path) -> Iterator[Start]:
    """Starts ``reenact run PROJECT ...``, where either client asks the engine; what a failed test leaves is ended."""
    # An option that only the engine's own client understands.
    own = () if request.param == "our client" else ("-A", "label=client=theirs")
    children: list[subprocess.Popen[str]] = []

    def begin(*options: str, **more: Any) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "reenact", "run", str(project_dir), *own, *options]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        cwd = project_dir.parent
        children.append(subprocess.Popen(argv, text=True, **{"env": environ, "cwd": cwd, **streams, **more}))
        return children[-1]

    yield begin
    for child in children:
        child.kill()
        with child:
            child.wait()


@pytest.fixture
def run(start: Start) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``reenact run PROJECT ...`` to its end."""

    def begin(*options: str, **more: Any) -> subprocess.CompletedProcess[str]:
        child = start(*options, **more)
        output, errors = child.communicate()
        return subprocess.CompletedProcess(child.args, child.returncode, output, errors)

    return begin
