"""Bundles of runs in conda environments and in containers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reenact.environments.docker.engine import Engine
from tests.environments.conda.channel import index_channel, make_module_recipe, make_python_recipe, write_package
from tests.environments.conftest import make_wheel
from tests.environments.docker.engines import LABEL, get_base_image, get_engine
from tests.integration.command import PATIENCE, User, write_project
from tests.integration.test_bundles import Machine, elsewhere, export

__all__ = ["elsewhere"]

pytestmark = pytest.mark.slow


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    """A conda channel with python and demo."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        pytest.skip("the channel is linux-64")
    folder = tmp_path / "channel"
    folder.mkdir()
    write_package(folder, make_python_recipe())
    write_package(folder, make_module_recipe("demo", "1.0", "V = '1.0'\n"))
    index_channel(folder)
    return folder


def test_a_conda_environment_comes_along(user: User, channel: Path, elsewhere: Machine) -> None:
    wheels = user.folder / "wheels"
    wheels.mkdir()
    make_wheel(wheels, "tiny", "1.0")
    user.environ["UV_CACHE_DIR"] = str(user.folder / "uv-cache")
    project = write_project(
        user.folder / "withconda",
        "name: c\nconda_env: conda.yaml\nentry_points:\n  main: {command: python main.py}\n",
        conda__yaml=f"channels:\n  - {channel.as_uri()}\ndependencies:\n  - python\n  - demo\n"
        f"  - pip:\n    - --no-index\n    - --find-links {wheels}\n    - tiny\n",
        main__py="import demo, sys, tiny\nprint(demo.V, tiny.version, sys.prefix != sys.base_prefix)\n",
    )
    said = user.call("run", str(project), "--env-manager", "conda")
    assert (said.code, said.out) == (0, "1.0 1.0 False\n"), said.err
    bundle = export(user, "--with-packages")
    data = bundle.read_bytes()
    for gone in (channel, wheels, project, user.home, user.folder / "uv-cache"):
        shutil.rmtree(gone)
    assert elsewhere.call("import", str(bundle)).code == 0
    said = elsewhere.call("rerun", "@")
    assert (said.code, said.out) == (0, "1.0 1.0 False\n"), said.err
    assert elsewhere.call("export", "@~1", "-o", "again.tar.zst", "--with-packages").code == 0
    assert (elsewhere.folder / "again.tar.zst").read_bytes() == data


@pytest.fixture
def engine() -> Engine:
    """The engine that answers; without one the test is skipped."""
    return get_engine()


def call_engine(engine: Engine, *argv: str, stdin: str = "") -> str:
    done = subprocess.run([engine.program, *argv], input=stdin, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_image_comes_along(user: User, engine: Engine, tmp_path: Path) -> None:
    name = f"reenact-test-bundle:{os.getpid()}"
    call_engine(
        engine, "build", "-q", "--label", LABEL, "-t", name, "-",
        stdin=f"FROM {get_base_image(engine)}\nENV WORD=inside\n",
    )  # fmt: skip
    user.environ.update({key: os.environ[key] for key in ("DOCKER_HOST",) if key in os.environ})
    project = write_project(
        user.folder / "boxed",
        f"name: b\ndocker_env: {{image: '{name}'}}\nentry_points:\n  main: {{command: 'echo $WORD'}}\n",
    )
    said = user.call("run", str(project))
    assert (said.code, said.out) == (0, "inside\n"), said.err
    bundle = export(user, "--with-packages")
    call_engine(engine, "rmi", "-f", name)
    call_engine(
        engine, "build", "-q", "--label", LABEL, "-t", name, "-",
        stdin=f"FROM {get_base_image(engine)}\nENV WORD=changed\n",
    )  # fmt: skip
    other = User(tmp_path, tmp_path / "home", **{key: os.environ.get(key) for key in ("DOCKER_HOST",)})
    try:
        assert other.call("import", str(bundle)).code == 0
        said = other.call("rerun", "@")
        assert (said.code, said.out) == (0, "inside\n"), said.err
        # What came in a bundle has taken no name of this machine.
        assert user.call("run", str(project)).out == "changed\n"
        assert other.call("export", "@~1", "-o", "again.tar.zst", "--with-packages").code == 0
        assert (tmp_path / "again.tar.zst").read_bytes() == bundle.read_bytes()
    finally:
        call_engine(engine, "rmi", "-f", name)


def test_data_that_is_no_code_reaches_a_container(user: User, engine: Engine, tmp_path: Path) -> None:
    """A link to where it is would lead nowhere inside."""
    told = {"REENACT_SIZE_LIMIT": "2000", "DOCKER_HOST": os.environ.get("DOCKER_HOST")}
    user.environ.update({name: value for name, value in told.items() if value is not None})
    project = write_project(
        user.folder / "boxed",
        f"name: b\ndocker_env: {{image: '{get_base_image(engine)}'}}\nentry_points:\n"
        "  main:\n    parameters: {spoil: {default: 'false'}}\n"
        "    command: 'cat data/*/* big.bin | wc -c; if {spoil}; then echo more | tee -a big.bin >> data/0/0; fi'\n",
    )
    for number in range(30):
        (project / "data" / str(number % 3)).mkdir(parents=True, exist_ok=True)
        (project / "data" / str(number % 3) / str(number)).write_bytes(b"x" * 1900)
    (project / "big.bin").write_bytes(b"x" * 3000)
    assert user.call("run", str(project)).out == "60000\n"
    first = user.runs()[0]["id"]
    assert user.call("rerun", first).out == "60000\n"
    assert user.call("rerun", first, "-P", "spoil=true").code == 0
    said = user.call("rerun", first)
    assert said.out == "60000\n", said.err
    bundle = export(user, "--with-inputs")
    shutil.rmtree(project)
    other = User(tmp_path, tmp_path / "home", **told)
    assert other.call("import", str(bundle)).code == 0
    assert other.call("rerun", "@").out == "60000\n"
