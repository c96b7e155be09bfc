"""A real container engine, whichever answers, and the image that tests run in."""

from __future__ import annotations

import atexit
import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

from reenact.environments.docker.engine import Engine, find_engine
from reenact.errors import UnsupportedError
from reenact.home import Home
from reenact.project.types import DockerEnvironment, EnvironmentSource, Project
from reenact.report import Silence
from reenact.world import World
from tests.environments.docker.base_image import write_base_image

LABEL = f"reenact.test={os.getpid()}"
"""Is on the base image of this process and on all that is built from it."""


@cache
def find_any_engine() -> Engine | str:
    """The engine that answers, or why there is none."""
    home = Home(Path(os.environ["REENACT_HOME"]))
    try:
        return find_engine(World(home, dict(os.environ), Path.cwd(), Silence()))
    except UnsupportedError as problem:
        return problem.message


def get_engine() -> Engine:
    """The same; without one that can start a container the test is skipped."""
    found = find_any_engine()
    if isinstance(found, str):
        pytest.skip(found)
    if said := find_what_hinders(found):
        pytest.skip(f"{found.program} answers and cannot start a container here: {said}")
    return found


@cache
def find_what_hinders(engine: Engine) -> str:
    """What the engine says when it cannot start a container of the base image; '' when it can."""
    argv = [engine.program, "run", "--rm", get_base_image(engine), "true"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip()


@cache
def get_base_image(engine: Engine) -> str:
    """The name of an image with Python, bash and the usual tools, made on the spot and removed when the tests end."""
    name = f"reenact-test-base:{os.getpid()}"
    settings = ("--change", "ENV PATH=/usr/local/bin:/usr/bin:/bin", "--change", f"LABEL {LABEL}")
    with subprocess.Popen(
        [engine.program, "import", *settings, "-", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as importing:
        assert importing.stdin
        write_base_image(importing.stdin)
        importing.communicate()
    assert importing.returncode == 0
    atexit.register(remove_images, engine)
    return name


def remove_images(engine: Engine) -> None:
    """Remove what this process has left in the engine."""
    ids = tell(engine, "images", "--quiet", "--no-trunc", "--filter", f"label={LABEL}").split()
    if ids:
        subprocess.run([engine.program, "rmi", "--force", *dict.fromkeys(ids)], capture_output=True, check=False)


def tell(engine: Engine, *arguments: str) -> str:
    """What the engine's client prints."""
    done = subprocess.run([engine.program, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def list_containers(engine: Engine, run_id: str = "") -> list[str]:
    """The names of our containers, running or not."""
    label = f"label=reenact.run={run_id}" if run_id else "label=reenact.run"
    return tell(engine, "ps", "--all", "--filter", label, "--format", "{{.Names}}").split()


def docker_project(image: str, **more: object) -> Project:
    """A project that runs in ``image``."""
    container = DockerEnvironment(image)._replace(**more)  # type: ignore[arg-type]
    return Project("p", environment=EnvironmentSource("docker_env", docker=container, declared=True))
