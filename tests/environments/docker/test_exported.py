"""The Dockerfile that an environment is exported as, built for real."""

from __future__ import annotations

import ensurepip
import os
import shutil
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from reenact import environments
from reenact.environments.docker.engine import Engine
from reenact.environments.export import make_export, render
from reenact.environments.python.python_env import ask
from reenact.world import World
from tests.environments.conftest import project, write
from tests.environments.docker.engines import LABEL, tell


@pytest.fixture
def with_pip(engine: Engine, image: str, tmp_path: Path) -> str:
    """The base image with the pip that comes with Python."""
    folder = tmp_path / "pip"
    folder.mkdir()
    wheel = next(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"), None)
    if wheel is None:
        pytest.skip("this Python brings no pip")
    shutil.copy(wheel, folder / "pip.whl")
    name = f"{image}-{uuid4().hex}"
    write(folder, {"Dockerfile": f"FROM {image}\nLABEL {LABEL}\nCOPY pip.whl /pip.whl\nENV PYTHONPATH=/pip.whl\n"})
    build(engine, name, folder)
    return name


def build(engine: Engine, name: str, folder: Path) -> None:
    environ = {**os.environ, "DOCKER_BUILDKIT": "0"}
    argv = [engine.program, "build", "--network", "host", "-t", name, str(folder)]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_builds_and_has_the_packages(
    engine: Engine, with_pip: str, world: World, dated_index: str, tmp_path: Path
) -> None:
    here = world._replace(environ={**world.environ, "UV_DEFAULT_INDEX": dated_index})
    lines = f"--index-url {dated_index}", "needy", "tiny<2", "dateless ; python_version > '3'"
    write(world.cwd, {"python_env.yaml": "dependencies:\n" + "".join(f'  - "{line}"\n' for line in lines)})
    lock = environments.lock(ask(project("python_env", "python_env.yaml"), world.cwd, None, here), world.cwd, here)
    lock = lock._replace(variables={"GREETING": "it's a $b"})
    text = render(make_export("p", "1", "2024-01-01", lock), "dockerfile")
    write(tmp_path / "exported", {"Dockerfile": text.replace(f"FROM python:{lock.python}\n", f"FROM {with_pip}\n")})
    name = f"{with_pip}-exported"
    build(engine, name, tmp_path / "exported")
    code = "import tiny, needy, dateless, os; print(tiny.version, needy.version, os.environ['GREETING'])"
    assert tell(engine, "run", "--rm", "--network", "none", name, "python", "-c", code) == "1.0 1.0 it's a $b"
