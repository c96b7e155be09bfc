"""A run again from its record, on a machine that has nothing of it any more, after the index has moved on: what was
recorded is what runs, or what is gone is named."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.environments.conda.channel import File, Recipe, index_channel, write_package
from tests.environments.conda.serving import serve
from tests.environments.conda.test_conda import write_index, write_wheel
from tests.environments.docker.engines import get_base_image, get_engine, tell
from tests.integration.command import Said, User


class Moving(NamedTuple):
    """An index that goes on: ``publish`` adds a version, ``replace`` puts another file in the place of 1.0, ``remove``
    takes 1.0 away. ``gone`` and ``wrong`` are what is said then."""

    files: dict[str, str]
    publish: Callable[[str], None]
    replace: Callable[[], None]
    remove: Callable[[], None]
    gone: str
    wrong: str


@pytest.fixture
def python_index(user: User, tmp_path: Path) -> Iterator[Moving]:
    """A Python package ``leaf`` on a web server."""
    folder = tmp_path / "index"
    first = folder / "files" / "leaf-1.0-py3-none-any.whl"

    def publish(version: str) -> None:
        write_wheel(folder / "files", "leaf", version, f"V = '{version}'\n")
        write_index(folder, "leaf")

    def replace() -> None:
        with zipfile.ZipFile(first, "a") as wheel:
            wheel.writestr("other.py", "")
        write_index(folder, "leaf")

    def remove() -> None:
        first.unlink()
        write_index(folder, "leaf")

    with serve(folder) as address:
        user.environ |= {"UV_DEFAULT_INDEX": f"{address}/simple", "UV_CACHE_DIR": str(user.folder / "cache")}
        user.environ["UV_HTTP_RETRIES"] = "0"
        command = 'python -c "import leaf; print(leaf.V)"'
        files = {
            "MLproject": f"python_env: e.yaml\nentry_points: {{main: {{command: '{command}'}}}}\n",
            "e.yaml": "dependencies: [leaf]\n",
        }
        yield Moving(files, publish, replace, remove, "leaf-1.0-py3-none-any.whl", "hash mismatch")


@pytest.fixture
def conda_channel(tmp_path: Path) -> Moving:
    """A conda package ``leaf`` in a channel of files, whose newer builds come first."""
    pytest.importorskip("rattler")
    folder = tmp_path / "channel"

    def write(version: str, content: str, build: str = "0") -> Path:
        found = write_package(folder, Recipe("leaf", version, {"share/leaf": File(content.encode())}, build=build))
        index_channel(folder)
        return found

    def publish(version: str) -> None:
        write(version, f"{version}\n")
        if version != "1.0":
            write_package(folder, Recipe("leaf", "1.0", {"share/leaf": File(b"built anew\n")}, build="9"))
            index_channel(folder)

    def remove() -> None:
        (folder / "linux-64" / "leaf-1.0-0.conda").unlink()
        index_channel(folder)

    files = {
        "MLproject": "conda_env: c.yaml\nentry_points: {main: {command: 'cat $CONDA_PREFIX/share/leaf'}}\n",
        "c.yaml": f"channels: ['{folder.as_uri()}', nodefaults]\ndependencies: [leaf]\n",
    }

    def replace() -> None:
        write("1.0", "other\n")

    return Moving(files, publish, replace, remove, "leaf-1.0-0.conda", "hash mismatch")


@pytest.mark.parametrize("kind", ["python_index", "conda_channel"])
def test_what_was_recorded_runs_or_what_is_gone_is_named(
    kind: str, user: User, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    index: Moving = request.getfixturevalue(kind)
    options = ("--env-manager", "conda") if kind == "conda_channel" else ()
    for name, text in index.files.items():
        (user.folder / name).write_text(text)

    def forget() -> None:
        for name in ("environments", "locks", "packages", "trees", "documents"):
            shutil.rmtree(user.home / name, ignore_errors=True)
        shutil.rmtree(user.folder / "cache", ignore_errors=True)

    def run(*words: str) -> Said:
        forget()
        return user.call(*words)

    index.publish("1.0")
    assert run("run", "-q", *options, ".") == (0, "1.0\n", "")
    (first,) = [each["id"] for each in user.runs()]
    index.publish("2.0")
    assert run("run", "-q", *options, ".").out == "2.0\n"
    again = run("rerun", first)
    assert (again.code, again.out) == (0, "1.0\n"), again
    assert run("env", "restore", first).code == 0
    index.replace()
    wrong = run("rerun", first)
    assert wrong.code == 70
    assert index.wrong in find_error(wrong)
    assert not list(user.home.glob("environments/*/share")) + list(user.home.glob("environments/*/lib/*/*/leaf*"))
    index.remove()
    gone = run("rerun", first)
    assert gone.code == 70
    assert index.gone in find_error(gone), gone
    assert "to repeat the step: " in gone.err


def find_error(said: Said) -> str:
    return next(line for line in said.err.splitlines() if line.startswith("error: "))


def test_the_recorded_image_runs_whatever_its_name_means_by_now(user: User, tmp_path: Path) -> None:
    engine = get_engine()
    base, name = get_base_image(engine), f"reenact-test-moving:{tmp_path.parent.name}"

    def publish(text: str) -> str:
        made = tmp_path / "image.cid"
        made.unlink(missing_ok=True)
        tell(engine, "run", "--cidfile", str(made), base, "sh", "-c", f"echo {text} > /which")
        image = tell(engine, "commit", made.read_text(), name)
        tell(engine, "rm", made.read_text())
        return image

    command = "docker_env: {image: '%s'}\nentry_points: {main: {command: 'cat /which'}}\n"
    (user.folder / "MLproject").write_text(command % name)
    first = publish("first")
    assert user.call("run", "-q", ".").out == "first\n"
    (run,) = [each["id"] for each in user.runs()]
    publish("second")
    shutil.rmtree(user.home / "locks")
    assert user.call("rerun", run).out == "first\n"
    assert user.call("run", "-q", ".").out == "second\n"
    tell(engine, "rmi", "--force", first)
    gone = user.call("rerun", run)
    assert gone.code == 70
    assert find_error(gone).startswith(f"error: image {name} (")
    assert "is not here, and no registry had it when it was locked" in find_error(gone)
    tell(engine, "rmi", "--force", name)


def test_a_container_is_accounted_for_like_any_environment(user: User, tmp_path: Path) -> None:
    engine = get_engine()
    name = get_base_image(engine)
    (user.folder / "MLproject").write_text(
        f"docker_env: {{image: '{name}'}}\nentry_points: {{main: {{command: 'true'}}}}\n"
    )
    assert user.call("run", "-q", ".").code == 0
    assert user.call("env", "why").out.splitlines()[1].startswith("found made: no run of this project")
    assert user.call("env", "restore").code == 0
    # podman leaves the algorithm out.
    image = f"sha256:{tell(engine, 'image', 'inspect', '--format', '{{.Id}}', name).removeprefix('sha256:')}"
    assert user.call("env", "export", "--format", "dockerfile").out.endswith(f"\nFROM {image}\n")
    refused = user.call("env", "export", "--format", "pylock")
    assert refused.code == 69
    assert "a container's packages are in its image" in refused.err
    (user.folder / "Dockerfile").write_text(f"FROM {name}\nRUN true\n")
    (user.folder / "MLproject").write_text("docker_env: {build: .}\nentry_points: {main: {command: 'true'}}\n")
    assert user.call("run", "-q", ".").code == 0
    why = user.call("env", "why").out
    assert "made: what is asked for changed" in why
    assert "  + container build dockerfile: Dockerfile\n" in why
    assert "  + reenact/image:" in why
    assert f"FROM {image}\nRUN true\n" in user.call("env", "export", "--format", "dockerfile").out
    assert "image" in user.call("env", "show").out
